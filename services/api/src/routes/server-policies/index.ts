import { policyRoutes } from './policies.ts';
import { probe } from './probe.ts';
import { runRestoreRoutes } from './restores.ts';
import { policyRunRoutes } from './runs.ts';

export const serverPolicyRoutes = [...policyRoutes, probe, ...policyRunRoutes, ...runRestoreRoutes];
