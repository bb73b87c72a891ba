import { ensurePostgresqlClient } from './lib/tools.ts';

// Paths are meant from where the command was typed, and npm has gone to the root of this folder.
process.chdir(process.env['INIT_CWD'] ?? '.');
if (process.argv.includes('restore')) ensurePostgresqlClient();
await import('../packages/recover/src/main.ts');
