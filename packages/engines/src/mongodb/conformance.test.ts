import { describeEngine, wrongConnections } from '@holdfast/testing/engines';
import { testPrograms } from './testing/programs.ts';
import { startWireServer } from './testing/server.ts';
import { mongodbSubject } from './testing/subject.ts';

// No MongoDB can be had by the packages that tests may install: see docs/engines/mongodb.md for what was run by hand.
describeEngine({
  name: 'mongodb (recorded)',
  open: async () =>
    mongodbSubject({ server: await startWireServer(), start: startWireServer, programs: testPrograms() }),
  wrong: wrongConnections,
});
