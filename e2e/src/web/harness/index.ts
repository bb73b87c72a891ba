export { axeCheck } from './axe.ts';
export { useBackedUp } from './backed-up.ts';
export { screenshots } from './screenshots.ts';
export { useWeb } from './web.ts';
