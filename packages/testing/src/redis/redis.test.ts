import { connect } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { needsRedis, startRedis, type TestRedis } from './index.ts';

async function ask(server: TestRedis, ...commands: string[]): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  const answers: string[] = [];
  for (const command of commands) {
    socket.write(`${command}\r\n`);
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    answers.push(chunk.toString().trim());
  }
  socket.destroy();
  return answers.join(' ');
}

describe('Redis servers for tests', () => {
  before(function () {
    needsRedis(this);
  });

  it('starts, survives a crash, and comes back empty on the same port', async () => {
    const server = await startRedis();
    expect(await ask(server, 'SET a 1')).to.equal('+OK');
    await server.kill();
    await server.restart();
    expect(await ask(server, 'GET a', 'PING')).to.equal('$-1 +PONG');
    await server.stop();
  });

  it('can ask for a password', async () => {
    const server = await startRedis({ password: 'p@ss/word' });
    expect(server.url).to.contain('redis://:p%40ss%2Fword@127.0.0.1:');
    expect(await ask(server, 'PING')).to.contain('NOAUTH');
    expect(await ask(server, 'AUTH p@ss/word', 'PING')).to.equal('+OK +PONG');
    await server.stop();
  });
});
