export { calm, dumpOf, failureOf } from './collect.ts';
export { describeEngine, type EngineSubject } from './describe-engine.ts';
export { fingerprint, type FingerprintTarget } from './fingerprint.ts';
export { connectionTo, contentOf, newDatabase, openClient } from './postgresql.ts';
export { fakePrograms, isAlive } from './programs.ts';
export { oddDatabaseNames, sampleStatements } from './sample.ts';
