export { QueueBed, newSweep } from './bed.ts';
export { startConsumerChild } from './consumer-child.ts';
export { queueConformance } from './conformance.ts';
export { handlersOf, untilAborted } from './handlers.ts';
export { recordingLogger } from './log.ts';
export { failureOf } from './promises.ts';
export { startProxy, type Proxy } from './proxy.ts';
export { queueServerKinds, type QueueServer, type QueueServerKind } from './servers.ts';
export { measureJobsPerSecond } from './throughput.ts';
