import { writeClientTypes } from './lib/client.ts';

await writeClientTypes();
