import { setTimeout as delay } from 'node:timers/promises';
import type { TestPostgres } from '@holdfast/testing/postgres';
import { Client } from 'pg';
import type { Journal } from '../journal.ts';
import type { Random } from '../random.ts';
import { fingerprint, readVersion } from './fingerprint.ts';

/** A content that a source had, and when at the longest: from before its commit was sent until after the next one's was heard. */
export interface KnownContent {
  lines: string[];
  from: number;
  until: number | null;
}

const blobBytes = 16 * 1024;

const schema = `
  create table content_version (source text not null, version int not null);
  create table accounts (id int primary key, owner text not null unique, balance numeric(12,2) not null check (balance > -1000000));
  create table transfers (id bigint primary key, at timestamptz not null, debit int not null references accounts, credit int not null references accounts, amount numeric(12,2) not null, note jsonb);
  create table blobs (id int primary key, data bytea not null);
  alter table blobs alter column data set storage external;
  create table events (id int not null, month int not null, v double precision, primary key (id, month)) partition by list (month);
  create table events_1 partition of events for values in (1);
  create table events_2 partition of events for values in (2);
  create schema "odd; name";
  create table "odd; name"."select" ("from" text[], r int4range, u uuid, "back\\slash" text);
  insert into "odd; name"."select" values ('{a,"b,c",NULL}', '[1,5)', '00000000-0000-0000-0000-000000000001', E'tab\\there \\\\N \\u4e2d');
  create index on transfers (at);
  create view rich as select owner, balance from accounts where balance > 0;
  create function twice(int) returns int language sql immutable as 'select 2 * $1';
  insert into accounts select n, 'owner ' || n, 100 from generate_series(1, 100) n;
  insert into events select n, 1 + n % 2, n / 3.0 from generate_series(1, 500) n;
  select lo_from_bytea(70001, 'the first content');`;

const fillBlobs = `insert into blobs select n, (select string_agg(decode(md5(random()::text || n || k), 'hex'), '') from generate_series(1, ${blobBytes / 16}) k)
  from generate_series(1, $1::int) n`;

/** A database whose content keeps changing in transactions, each of which says in the content itself which one it is. */
export class SourceDatabase {
  readonly name: string;
  readonly contents = new Map<number, KnownContent>();
  readonly #server: TestPostgres;
  readonly #random: Random;
  readonly #journal: Journal;
  #version = 0;
  #stopping = false;
  #running: Promise<void> = Promise.resolve();

  constructor(name: string, server: TestPostgres, random: Random, journal: Journal) {
    this.name = name;
    this.#server = server;
    this.#random = random;
    this.#journal = journal;
  }

  async create(megabytes: number): Promise<void> {
    await this.#server.createDatabase(this.name);
    const client = await this.#connect();
    try {
      await client.query(schema);
      await client.query(fillBlobs, [Math.max(1, Math.round((megabytes * 1024 * 1024) / blobBytes))]);
      await client.query('insert into content_version values ($1, 0)', [this.name]);
      await client.query('begin');
      const lines = await fingerprint(client);
      await client.query('commit');
      this.contents.set(0, { lines, from: 0, until: null });
    } finally {
      await client.end();
    }
  }

  /** Changes the content until `stop`. */
  start(leastMs: number, mostMs: number): void {
    this.#running = this.#keepChanging(leastMs, mostMs);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #keepChanging(leastMs: number, mostMs: number): Promise<void> {
    let client: Client | null = null;
    while (!this.#stopping) {
      try {
        client ??= await this.#resume();
        await this.#change(client);
      } catch (error) {
        this.#journal.write('source was disturbed', { source: this.name, reason: (error as Error).message });
        await client?.end().catch(() => undefined);
        client = null;
      }
      await delay(this.#random.between(leastMs, mostMs));
    }
    await client?.end().catch(() => undefined);
  }

  /** Connects, and learns whether the last change, whose answer may have been lost, happened. */
  async #resume(): Promise<Client> {
    const client = await this.#connect();
    const found = await readVersion(client);
    const next = this.#version + 1;
    if (found?.version === next) this.#happened(next);
    else if (found?.version === this.#version) this.contents.delete(next);
    else throw new Error(`${this.name} is at ${JSON.stringify(found)}, expected ${this.#version} or ${next}.`);
    return client;
  }

  async #change(client: Client): Promise<void> {
    const next = this.#version + 1;
    const random = this.#random;
    const [debit, credit] = [random.int(1, 100), random.int(1, 100)];
    await client.query('begin');
    await client.query('update content_version set version = $1', [next]);
    await client.query(
      `insert into transfers values ($1, clock_timestamp(), $2, $3, 1, jsonb_build_object('version', $1::bigint))`,
      [next, debit, credit],
    );
    await client.query(
      'update accounts set balance = balance - case id when $1 then 1 else -1 end where id in ($1, $2)',
      [debit, credit],
    );
    await client.query(
      "update blobs set data = decode(md5($1::int::text), 'hex') || substr(data, 17) where id = 1 + $1::int % (select max(id) from blobs)",
      [next],
    );
    await client.query(`select lo_put(70001, 0, convert_to($1::text, 'UTF8'))`, [`content ${next}`]);
    await client.query('delete from transfers where id < $1', [next - 200]);
    const lines = await fingerprint(client);
    this.contents.set(next, { lines, from: Date.now(), until: null });
    await client.query('commit');
    this.#happened(next);
  }

  #happened(version: number): void {
    const former = this.contents.get(this.#version);
    if (former) former.until = Date.now();
    this.#version = version;
  }

  async #connect(): Promise<Client> {
    const { host, port, user, password } = this.#server;
    const client = new Client({ host, port, user, password, database: this.name, connectionTimeoutMillis: 5000 });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}
