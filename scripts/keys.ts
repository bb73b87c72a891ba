await import('../services/standalone/src/keys-main.ts');
