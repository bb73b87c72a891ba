import packageJson from '../../package.json' with { type: 'json' };

/** Of this product. */
export const productVersion: string = packageJson.version;
