import { expect } from 'chai';
import type { Policy } from '../../data/policies.ts';
import { formOf, policyOf } from './form.ts';

const none = { hourly: null, daily: null, weekly: null, monthly: null, yearly: null, minimum: null };
const policy: Policy = {
  id: '01991f50-07d4-7d0e-9f6b-2f6a4d1b8c55',
  name: 'main',
  type: 'postgresql',
  host: 'db.example.org',
  port: 5432,
  user: 'backup',
  database: 'postgres',
  options: { sslmode: 'verify-full' },
  destination_id: 1,
  include: ['*'],
  exclude: ['test_*', 'tmp_?'],
  globals: true,
  cron: '30 3 * * *',
  timezone: 'Europe/Paris',
  jitter_seconds: 0,
  retention: { ...none, keep_last: 7, keep_days: null },
  verification: { level: 'identical', every: 1, scratch_database_id: null },
  enabled: true,
  objectives: null,
  next_run_at: null,
  last_run_at: null,
  created_at: '2026-09-01T09:30:00.000Z',
  updated_at: '2026-09-01T09:30:00.000Z',
};

describe('the form of a policy', () => {
  it('sends what it was filled with, and no password', () => {
    const { id: _id, jitter_seconds: _jitter, enabled: _enabled, objectives: _objectives, ...rest } = policy;
    const { next_run_at: _next, last_run_at: _last, created_at: _created, updated_at: _updated, ...sent } = rest;
    expect(policyOf(formOf(policy))).to.deep.equal(sent);
  });
});
