export { openQueuesForBoard } from './board.ts';
export type { QueueConnection } from './connection.ts';
export { startConsumers, type ConsumerOptions, type Consumers } from './consumers.ts';
export { prepareQueue } from './prepare.ts';
export { openTelemetry } from './telemetry.ts';
export { openProducer, type Producer, type RingOptions } from './producer.ts';
