export { newerDebian } from '../newer-debian/index.ts';
export { needsMysql, sharedMysql, startMysql, type Flavour, type TestMysql, type TestMysqlOptions } from './server.ts';
