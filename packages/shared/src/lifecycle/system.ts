import { v7 } from 'uuid';
import type { Clock, Ids } from '../domain/clock.ts';

export const systemClock: Clock = { now: () => new Date() };

export const systemIds: Ids = { uuid: () => v7(), random: () => Math.random() };
