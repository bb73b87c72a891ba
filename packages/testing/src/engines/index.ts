export { calm, dumpOf, failureOf } from './collect.ts';
export { describeEngine, type EngineSubject } from './describe-engine.ts';
export { describeGlobals, type GlobalsSubject } from './describe-globals.ts';
export { fingerprint, type FingerprintTarget } from './fingerprint.ts';
export { connectionTo, contentOf, newDatabase, openClient } from './postgresql.ts';
export { fillRoles, oddRoleNames, rolesOf } from './roles.ts';
export { fakePrograms, isAlive } from './programs.ts';
export { oddDatabaseNames, sampleStatements } from './sample.ts';
