import { ensurePostgresqlClient } from './lib/tools.ts';

ensurePostgresqlClient();
await import('../demo/src/main.ts');
