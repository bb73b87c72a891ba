import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a dump of a kind of database says of itself. */
export class Engines1764028800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table holdfast.backups add column warnings jsonb not null default '[]';`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward: to go back, restore the database from before the migration.');
  }
}
