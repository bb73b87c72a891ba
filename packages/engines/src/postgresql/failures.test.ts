import { Secret, type Connection, type ErrorCode } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { fromDriver, fromProgram } from './failures.ts';

const connection: Connection = {
  host: 'db.example.com',
  port: 5432,
  user: 'bob',
  password: new Secret('s3cret/word'),
  database: 'shop',
  options: {},
};

describe('failures of PostgreSQL', () => {
  const said: [ErrorCode, string][] = [
    [
      'auth_failed',
      'connection to server at "h" (1.2.3.4), port 5432 failed: FATAL:  password authentication failed for user "bob"',
    ],
    ['database_missing', 'connection to server at "h", port 5432 failed: FATAL:  database "x" does not exist'],
    ['host_unknown', 'could not translate host name "h" to address: Name or service not known'],
    ['host_unreachable', 'could not translate host name "h" to address: Temporary failure in name resolution'],
    ['host_unreachable', 'connection to server at "h", port 1 failed: Connection refused'],
    ['tls_failed', 'connection to server failed: server does not support SSL, but SSL was required'],
    ['tls_failed', 'connection to server failed: SSL error: certificate verify failed'],
    [
      'connection_lost',
      'Dumping the contents of table "t" failed: PQgetCopyData() failed.\nDetail: Error message from server: server closed the connection unexpectedly',
    ],
    ['connection_lost', 'FATAL:  terminating connection due to administrator command'],
    ['standby_conflict', 'ERROR:  canceling statement due to conflict with recovery'],
    ['standby_conflict', 'FATAL:  terminating connection due to conflict with recovery'],
    ['configuration', 'connection to server failed: FATAL:  unsupported startup parameter: options'],
    ['connection_lost', 'SSL SYSCALL error: EOF detected'],
    ['server_busy', 'FATAL:  sorry, too many clients already'],
    ['lock_timeout', 'ERROR:  canceling statement due to lock timeout'],
    ['lock_timeout', 'ERROR:  canceling statement due to statement timeout\ndetail: Query was: LOCK TABLE t'],
    ['host_unreachable', 'connection to server at "10.0.0.1", port 5432 failed: Connection timed out'],
    ['server_silent', 'could not receive data from server: Connection timed out'],
    ['server_silent', 'SSL SYSCALL error: Connection timed out'],
    ['privilege_missing', 'query failed: ERROR:  permission denied for table t'],
    ['dump_failed', 'something that nobody has seen'],
    ['dump_failed', 'could not execute query: ERROR:  role "keeper" does not exist'],
    [
      'dump_failed',
      'ERROR:  bad\nCONTEXT:  COPY t, line 1: "permission denied"\nCommand was: COMMENT ON TABLE t IS \'terminating connection\'',
    ],
  ];
  for (const [code, text] of said) {
    it(`takes "${text.slice(0, 90)}" for ${code}`, () => {
      expect(fromProgram(`pg_dump: error: ${text}`, connection, 'dump_failed').code).to.equal(code);
    });
  }

  it('says where, in whose words and what to do, without the password', () => {
    const thrown = Object.assign(new Error('connect to postgres://bob:s3cret%2Fword@h s3cret/word'), {
      code: 'ENOTFOUND',
    });
    expect(fromDriver(thrown, connection, 'internal').message).to.equal(
      'The host name of the database server does not exist. db.example.com:5432, database "shop", user "bob": ' +
        'connect to postgres://bob:[redacted]@h [redacted]. Correct the host name of the registered database.',
    );
  });

  it('takes what is no failure of the server for an internal one', () => {
    expect(fromDriver(new TypeError('x is not a function'), connection, 'dump_failed').code).to.equal('internal');
  });
});
