import { ensurePostgresqlClient, ensureTestTools } from './lib/tools.ts';

ensurePostgresqlClient();
ensureTestTools();
await import('../chaos/src/kills/main.ts');
