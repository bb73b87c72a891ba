import type { Tool } from '@holdfast/shared/domain';
import manifest from '../../package.json' with { type: 'json' };

/** Who makes the archives of directories. */
export const archiver: Tool = { name: 'holdfast', version: manifest.version };
