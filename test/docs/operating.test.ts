import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { configure } from '../../local-server/configuration.ts';
import { startServer } from '../../local-server/server.ts';
import { temporaryFolder } from '../support/folder.ts';
import { ask } from '../support/http-client.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { Program, PROJECT } from '../support/program.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { startProxy } from '../support/small-proxy.ts';
import { SocketIoVisitor } from '../support/socketio-visitor.ts';
import { SECRET, tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

const page = readFileSync(join(PROJECT, 'docs', 'operating.md'), 'utf8');

/** The first code block of that language which contains `word`. */
function block(language: string, word: string): string {
  const blocks = page.matchAll(/^```(\w+)\n([^]*?)^```$/gm);
  const found = Array.from(blocks).find(([, of, text]) => of === language && text?.includes(word));
  if (found?.[2] === undefined) throw new Error(`docs/operating.md has no ${language} of ${word}.`);
  return found[2];
}

/** Reads the settings in a file for systemd's `EnvironmentFile`. */
function settingsIn(text: string): Record<string, string> {
  const pairs = text.split(/\s+/).filter((pair) => pair.includes('='));
  return Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/, 2) as [string, string]));
}

test('the unit of docs/operating.md starts the server, and SIGTERM ends it with 0', async () => {
  const unit = block('ini', '[Service]');
  const [, command = ''] = /^ExecStart=\/opt\/parlor\/(.+)$/m.exec(unit) ?? [];
  const [node = '', flag = '', script = '', ...args] = command.split(' ');
  expect(node).toBe('node_modules/.bin/node');
  const manifest = readFileSync(join(PROJECT, 'package.json'), 'utf8');
  const { scripts } = JSON.parse(manifest) as { scripts: { start: string } };
  expect(scripts.start.split(' ')).toContain(flag);
  expect(existsSync(join(PROJECT, 'node_modules/.bin'))).toBe(true);
  const [, builder = ''] = /^ExecStartPre=\+\/opt\/parlor\/\S+ (\S+)$/m.exec(unit) ?? [];
  expect(await new Program(builder, {}).ended).toEqual({ code: 0, stdout: '', stderr: '' });
  const env = settingsIn(block('ini', 'JWT_SECRET='));
  expect(Object.keys(env).toSorted()).toEqual(
    'DATA_DIR HOST JWT_SECRET PORT PUBLIC_URL'.split(' '),
  );
  const program = new Program(script, {
    args,
    nodeArgs: [flag],
    env: { ...env, PORT: '0', DATA_DIR: temporaryFolder() },
  });
  await program.until(/https:\/\/chat\.example\.com/);
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 0 });
});

describe('the upgrade in docs/operating.md', () => {
  /** Runs it with commands that only print how they are called; the one that is called so fails. */
  function upgrade(failing: string): string[] {
    const folder = temporaryFolder();
    const settings = join(folder, 'parlor.env');
    writeFileSync(settings, block('ini', 'JWT_SECRET='));
    const commands = ['chown', 'git', 'npm', 'systemctl'].map(
      (name) => `${name}() { echo "${name} $* ($DATA_DIR)"; [ "${name} $*" != "$FAILING" ]; }`,
    );
    commands.push('date() { echo "$1"; }');
    const lines = block('sh', 'systemctl stop')
      .replaceAll('/opt/parlor', folder)
      .replaceAll('/etc/parlor.env', settings);
    const { stdout } = spawnSync('sh', ['-c', [...commands, lines].join('\n')], {
      env: { PATH: process.env['PATH'], FAILING: failing },
      encoding: 'utf8',
    });
    return stdout.trimEnd().split('\n');
  }

  const steps = [
    'npm run backup -- /var/backups/parlor-+%F-%H%M',
    'systemctl stop parlor',
    'git pull',
    'npm ci',
    'npm run doctor',
    'chown -R --reference=/var/lib/parlor/. /var/lib/parlor/.',
    'systemctl start parlor',
  ];
  const called = steps.map((step) => `${step} (/var/lib/parlor)`);

  test('knows the settings of the service in every step', () => {
    expect(upgrade('')).toEqual(called);
  });

  test('ends at the first step that fails, such as the backup', () => {
    for (const [at, step] of steps.entries()) {
      expect(upgrade(step)).toEqual(called.slice(0, at + 1));
    }
  });
});

test('nginx as in docs/operating.md lets large bodies through to rooms whose id holds a slash', () => {
  const locations = block('nginx', 'proxy_pass').matchAll(/location ~ (\S+) \{/g);
  const large = Array.from(locations, ([, pattern = '']) => new RegExp(pattern));
  for (const path of ['/rooms/order/17/import', '/rooms/order/17/files']) {
    expect(large.filter((pattern) => pattern.test(path))).toHaveLength(1);
  }
  expect(large.some((pattern) => pattern.test('/rooms/order/17/messages'))).toBe(false);
});

describe('behind a proxy with the headers of docs/operating.md', () => {
  /** Starts the server behind a proxy that sends the page's nginx headers. @returns the proxy's URL */
  async function proxied(): Promise<string> {
    const folder = temporaryFolder();
    const environment = { JWT_SECRET: SECRET, HOST: '127.0.0.1', PORT: '0', DATA_DIR: folder };
    const failures: string[] = [];
    const server = await startServer(configure(folder, environment, false), {
      failure: (what, error) => failures.push(`${what}: ${String(error)}`),
    });
    const told = Array.from(
      block('nginx', 'proxy_pass').matchAll(/proxy_set_header (\S+) (\S+);/g),
      ([, name = '', value = '']) => [name.toLowerCase(), value] as const,
    );
    const proxy = await startProxy(server.port, (came) => {
      const known: Record<string, string> = {
        $host: 'chat.example.com',
        $http_upgrade: came.upgrade ?? '',
        $http_connection: came.connection ?? '',
        $remote_addr: '192.0.2.1',
      };
      const values = told.map(([name, value]) => [name, known[value] ?? value] as const);
      // Like nginx, do not send a header without a value.
      return Object.fromEntries(values.filter(([, value]) => value !== ''));
    });
    onTestFinished(async () => {
      await proxy.close();
      await server.close();
      expect(failures).toEqual([]);
    });
    return proxy.url;
  }

  test('every transport works, for pages of the public address', async () => {
    const url = await proxied();
    const token = await tokenFor('alice');
    const origin = 'https://chat.example.com';
    const native = rawSocket(`${url}/rooms/lobby/ws`, { origin }, ['parlor.v1', `bearer.${token}`]);
    await native.frame((frame) => frame.startsWith('["joined",{"ok":true'));
    const foreign = rawSocket(`${url}/rooms/lobby/ws`, {
      origin: 'https://evil.example',
      authorization: `Bearer ${token}`,
    });
    await foreign.opened;
    expect(foreign.refused?.status).toBe(403);

    const reader = await new HttpVisitor(url, token).follow('lobby');
    const polling = await ask(url, '/socket.io/?EIO=4&transport=polling', { headers: { origin } });
    expect(polling.text).toMatch(/^0\{"sid"/);
    const bob = new SocketIoVisitor(url, { token: await tokenFor('bob') });
    ok(await bob.join('lobby'));
    ok(await bob.command('message', { roomId: 'lobby', message: 'through a proxy' }));
    await reader.hears('message', ({ message }) => message === 'through a proxy');
    await native.frame((frame) => frame.includes('through a proxy'));
    await Promise.all([bob.close(), reader.close()]);
    native.socket.terminate();
  });

  test('/metrics is not accessible', async () => {
    expect((await ask(await proxied(), '/metrics')).status).toBe(403);
  });
});

test('the costs of the examples in docs/operating.md add up', () => {
  const [, table = ''] = /\n(\| \| a company [^]*?)\n\n/.exec(page) ?? [];
  const lines = table.split('\n').map((line) => line.split(' | ').slice(1));
  const dollars = (cell = '') => Number(/\$([\d.]+)/.exec(cell)?.[1] ?? 0);
  for (const column of [0, 1, 2]) {
    const cells = lines.map((cellsOf) => dollars(cellsOf[column]));
    const total = cells.pop();
    const plan = 5;
    expect([column, total]).toEqual([column, cells.reduce((sum, cell) => sum + cell, plan)]);
  }
});
