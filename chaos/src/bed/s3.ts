import { createInterface } from 'node:readline';
import { freePort } from '@holdfast/embedded';
import type { Command, ControlAnswer, Effect, Fault, RequestKind } from '@holdfast/testing/s3';
import { until } from '@holdfast/testing/until';
import type { Journal } from '../journal.ts';
import { startProcess, type RunningProcess } from './process.ts';

export type { Effect, RequestKind };

type Asked = Command extends infer One ? (One extends Command ? Omit<One, 'id'> : never) : never;

const program = 'packages/testing/src/s3/main.ts';

/** The S3 server in a process of its own, whose content survives its death. */
export class S3Place {
  readonly bucket = 'backups';
  readonly accessKey = 'chaos-access-key';
  readonly secretKey: string;
  readonly port: number;
  readonly #folder: string;
  readonly #journal: Journal;
  #process: RunningProcess | null = null;
  #asked = 0;
  readonly #answers = new Map<number, (answer: ControlAnswer | null) => void>();

  static async start(folder: string, secretKey: string, journal: Journal): Promise<S3Place> {
    const place = new S3Place(folder, secretKey, await freePort(), journal);
    await place.start();
    return place;
  }

  private constructor(folder: string, secretKey: string, port: number, journal: Journal) {
    this.#folder = folder;
    this.secretKey = secretKey;
    this.port = port;
    this.#journal = journal;
  }

  async start(): Promise<void> {
    const args = [program, '--port', String(this.port), '--folder', this.#folder, '--bucket', this.bucket, '--control'];
    const begun = startProcess({
      args,
      env: { S3_ACCESS_KEY: this.accessKey, S3_SECRET_KEY: this.secretKey },
      logFile: this.#journal.logOf('s3'),
      piped: true,
    });
    this.#process = begun;
    let ready = false;
    begun.child.stdin?.on('error', () => undefined);
    if (begun.child.stdout) {
      createInterface({ input: begun.child.stdout }).on('line', (line) => {
        if (!ready) ready = true;
        else this.#hear(JSON.parse(line) as ControlAnswer);
      });
    }
    await until('the S3 server to start', 30, () => {
      if (begun.child.exitCode !== null) throw new Error('The S3 server ended at its start.');
      return ready;
    });
  }

  async kill(): Promise<void> {
    const ending = this.#process;
    this.#process = null;
    ending?.child.kill('SIGKILL');
    await ending?.ended;
    for (const answer of this.#answers.values()) answer(null);
    this.#answers.clear();
  }

  /** Switches a fault on. A server that is down has none. */
  async addFault(fault: Fault): Promise<void> {
    await this.#ask({ type: 'addFaults', faults: [fault] });
  }

  async clearFaults(): Promise<void> {
    await this.#ask({ type: 'clearFaults' });
  }

  /** What the bucket holds. @throws Error while the server is down */
  async content(): Promise<Required<Omit<ControlAnswer, 'id'>>> {
    const answer = await this.#ask({ type: 'content' });
    if (!answer) throw new Error('The S3 server is down.');
    return { objects: answer.objects ?? [], uploads: answer.uploads ?? [] };
  }

  #ask(command: Asked): Promise<ControlAnswer | null> {
    const stdin = this.#process?.child.stdin;
    if (!stdin) return Promise.resolve(null);
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      stdin.write(`${JSON.stringify({ ...command, id })}\n`);
    });
  }

  #hear(answer: ControlAnswer): void {
    this.#answers.get(answer.id)?.(answer);
    this.#answers.delete(answer.id);
  }
}
