import { ensurePostgresqlClient, ensureTestTools } from './lib/tools.ts';

ensurePostgresqlClient();
ensureTestTools();
await import('../bench/src/main.ts');
