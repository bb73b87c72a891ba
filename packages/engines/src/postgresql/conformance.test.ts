import { describeEngine, describeSafeRestore, wrongConnections } from '@holdfast/testing/engines';
import { createEngines } from '../index.ts';
import { postgresqlSubject } from './subject.test.ts';

const open = async (): Promise<ReturnType<typeof postgresqlSubject>> =>
  postgresqlSubject(createEngines({ clientFolders: [] }).get('postgresql'));

describeEngine({ name: 'postgresql', open, wrong: wrongConnections });
describeSafeRestore('postgresql', open);
