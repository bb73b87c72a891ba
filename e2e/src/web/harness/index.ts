export { axeCheck } from './axe.ts';
export { screenshots } from './screenshots.ts';
export { useWeb } from './web.ts';
