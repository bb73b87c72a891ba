import { describeEngine, wrongConnections } from '@holdfast/testing/engines';
import { needsMysql } from '@holdfast/testing/mysql';
import { subject } from '../testing/mysql/subject.ts';

for (const flavour of ['mysql', 'mariadb'] as const) {
  describe(`${flavour}, a real server`, () => {
    before(function () {
      needsMysql(flavour, this);
    });
    describeEngine({ name: flavour, open: () => subject(flavour), wrong: wrongConnections });
  });
}
