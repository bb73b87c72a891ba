import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which part of its database a backup is of. */
export class Parts1764547200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table holdfast.backups add column part jsonb;`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward: to go back, restore the database from before the migration.');
  }
}
