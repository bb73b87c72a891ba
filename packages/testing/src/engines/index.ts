export { calm, dumpOf, failureOf, wrongConnections, type WrongConnection } from './collect.ts';
export { describeEngine, type EngineRules, type EngineSubject, type SubjectContent } from './describe-engine.ts';
export { describeGlobals, type GlobalsSubject } from './describe-globals.ts';
export { describeSafeRestore, type SafeRestoreSubject } from './describe-safe-restore.ts';
export { conformanceMatrix, missing } from './matrix.ts';
export { fingerprint, type FingerprintTarget } from './fingerprint.ts';
export { connectionTo, contentOf, newDatabase, openClient } from './postgresql.ts';
export { fillRoles, oddRoleNames, rolesOf } from './roles.ts';
export { fakePrograms, isAlive } from './programs.ts';
export { oddDatabaseNames, sampleStatements } from './sample.ts';
export { startWriters, total as totalOfAccounts, writersStatements, type Writers } from './writers.ts';
export {
  describeRedis,
  fillOddly,
  fillRandomly,
  fillTypes,
  openRedis,
  redisNames,
  startRedisData,
  type RedisData,
} from './redis.ts';
