import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { imageProcess, type ServiceName } from '@holdfast/testing/services';
import type { Journal } from '../journal.ts';
import { startProcess, type End, type RunningProcess } from './process.ts';

/** An end that nobody asked for. */
export interface Crash extends End {
  service: string;
  at: number;
  /** The end of what it printed. */
  tail: string;
}

const restartMs = 300;
const terminationMs = 60_000;

/** The place of one service, in which one process after another runs: one that ends by itself is started again, as in production. */
export class ServicePlace {
  readonly name: string;
  readonly kind: ServiceName;
  readonly url: string;
  readonly crashes: Crash[] = [];
  /** What was wrong with ends that SIGTERM asked for. */
  readonly untidy: string[] = [];
  readonly #env: Record<string, string>;
  readonly #journal: Journal;
  #process: RunningProcess | null = null;
  /** Somebody ends it just now. */
  #ending = false;

  constructor(kind: ServiceName, name: string, port: number, env: Record<string, string>, journal: Journal) {
    this.kind = kind;
    this.name = name;
    this.url = `http://127.0.0.1:${port}`;
    const portName = kind === 'api' ? 'HOLDFAST_PORT' : 'HOLDFAST_HEALTH_PORT';
    this.#env = { ...imageProcess(kind).env, ...env, HOLDFAST_HOST: '127.0.0.1', [portName]: String(port) };
    this.#journal = journal;
  }

  /** Null while none runs. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  start(): void {
    if (this.#process) return;
    const logFile = this.#journal.logOf(this.name);
    const begun = startProcess({ args: imageProcess(this.kind).parameters, env: this.#env, logFile });
    this.#process = begun;
    this.#ending = false;
    this.#journal.write('service started', { service: this.name, pid: begun.pid });
    void begun.ended.then((end) => this.#ended(end, begun, logFile));
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it as a deploy does. */
  async terminate(): Promise<void> {
    const pid = this.pid;
    // One that has nothing yet to tidy up may end as it likes.
    const isUp = await this.answers('/healthz');
    const end = await Promise.race([this.#end('SIGTERM'), delay(terminationMs, 'late' as const, { ref: false })]);
    if (end === 'late') {
      this.untidy.push(`${this.name} (${pid}) did not end within ${terminationMs / 1000} s of SIGTERM`);
      await this.#end('SIGKILL');
    } else if (isUp && end && end.code !== 0) {
      this.untidy.push(`${this.name} (${pid}) ended after SIGTERM with ${JSON.stringify(end)}`);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.child.kill(signal);
  }

  async answers(path: '/healthz' | '/readyz'): Promise<boolean> {
    return await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(2000) }).then(
      (answer) => answer.ok,
      () => false,
    );
  }

  async #end(signal: NodeJS.Signals): Promise<End | null> {
    const ending = this.#process;
    if (!ending) return null;
    this.#ending = true;
    ending.child.kill(signal);
    return await ending.ended;
  }

  #ended(end: End, of: RunningProcess, logFile: string): void {
    this.#journal.write('service ended', { service: this.name, pid: of.pid, ...end, asked: this.#ending });
    this.#process = null;
    if (this.#ending) return;
    const tail = readFileSync(logFile, 'utf8').slice(-2000);
    this.crashes.push({ ...end, service: this.name, at: Date.now(), tail });
    setTimeout(() => this.start(), restartMs).unref();
  }
}
