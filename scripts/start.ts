import { ensurePostgresqlClient } from './lib/tools.ts';

ensurePostgresqlClient();
await import('../services/standalone/src/main.ts');
