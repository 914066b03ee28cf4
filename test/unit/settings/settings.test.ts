import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { configure } from '../../../local-server/configuration.ts';
import { envExample, settingsTable } from '../../../scripts/settings-text.ts';
import { declarations } from '../../../src/settings/declarations.ts';
import { EXAMPLE_SECRET } from '../../../src/settings/keys.ts';
import { readSettings, unknownSettings } from '../../../src/settings/settings.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { PROJECT } from '../../support/program.ts';

const names = declarations.map(({ name }) => name);
const documented = declarations
  .filter(({ group }) => group !== 'internal')
  .map(({ name }): string => name);

describe('reading settings', () => {
  test('uses the default of every setting that is not set', () => {
    const { settings, problems } = readSettings({});
    expect(problems).toEqual([]);
    for (const declaration of declarations) {
      const fallback = 'default' in declaration ? declaration.default : undefined;
      expect(settings[declaration.name]).toBe(fallback);
    }
    expect(settings.limits).toEqual({
      frameBytes: 65_536,
      tuplesPerFrame: 64,
      jsonDepth: 16,
      messageBytes: 8_192,
      streamBytes: 65_536,
      fileBytes: 26_214_400,
      roomFileBytes: 1_073_741_824,
      userFileBytes: 104_857_600,
      commandsPerSecond: 50,
      commandBurst: 200,
      connectionsPerUser: 10,
      roomsPerSocket: 50,
      unsentBytes: 1_048_576,
      connectTimeoutMs: 10_000,
      batchDelayMs: 50,
      tokenRoomsOnly: false,
      openSignals: false,
    });
  });

  test('treats an empty text as unset and ignores spaces around a value', () => {
    const { settings } = readSettings({ PORT: '', DATA_DIR: '  ', DURABILITY: ' process ' });
    expect(settings).toMatchObject({ PORT: 4000, DATA_DIR: '.data', DURABILITY: 'process' });
  });

  test('ignores the other bindings of a Worker', () => {
    expect(readSettings({ ROOM: {}, FILES: null, OTHER: 80 })).toEqual(readSettings({}));
  });

  test('accepts the numbers and booleans of a Worker’s variables as their texts', () => {
    const variables = {
      MAX_FILE_BYTES: 0,
      MAX_MESSAGE_BYTES: 100,
      ALLOW_GUESTS: true,
      SIGNALS: '',
    };
    const texts = { MAX_FILE_BYTES: '0', MAX_MESSAGE_BYTES: '100', ALLOW_GUESTS: 'true' };
    expect(readSettings(variables)).toEqual(readSettings(texts));
    expect(readSettings(variables).settings.limits).toMatchObject({
      fileBytes: 0,
      messageBytes: 100,
    });
  });

  test.each([
    ['MAX_FILE_BYTES', 1.5, 'must be a whole number from 0 to'],
    ['COMMANDS_PER_SECOND', true, 'must be a whole number from'],
    ['ALLOW_GUESTS', 2, 'must be true or false'],
    ['CLIENT_URL', ['https://a.example'], 'must be a text, a number, true or false'],
    ['WEBHOOK_ROOMS', null, 'must be a text, a number, true or false'],
  ])('refuses %s as %j, in one sentence', (name, value, sentence) => {
    const { settings, problems } = readSettings({ [name]: value });
    expect(problems).toEqual([expect.stringContaining(`${name} ${sentence}`)]);
    expect(settings).toEqual(readSettings({}).settings);
  });

  test('accepts several origins of web pages', () => {
    const CLIENT_URL =
      'http://a.example, https://b.example:8443, https://*.c.example, http://*.localhost:3000, capacitor://localhost, app://-';
    expect(readSettings({ CLIENT_URL })).toMatchObject({ settings: { CLIENT_URL }, problems: [] });
  });

  test('puts limits in `limits`', () => {
    expect(readSettings({ MAX_MESSAGE_BYTES: '100' }).settings.limits.messageBytes).toBe(100);
  });

  test.each(['true', 'on', 'yes', '1'])('reads %s as on', (text) => {
    expect(readSettings({ ALLOW_GUESTS: text }).settings.ALLOW_GUESTS).toBe(true);
  });

  test.each(['false', 'off', 'no', '0'])('reads %s as off', (text) => {
    expect(readSettings({ ALLOW_GUESTS: text }).settings.ALLOW_GUESTS).toBe(false);
  });

  test.each([
    ['PORT', '65536', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', '4e3', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', '0x50', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', '40.0', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', '-1', 'PORT must be a whole number from 0 to 65535.'],
    ['JWT_SECRET', 'x'.repeat(31), 'JWT_SECRET must be at least 32 bytes long.'],
    ...[
      'localhost:3001',
      'http://a.example,',
      'null',
      'file:///index.html',
      'file://',
      'wss://a.example',
      'app:',
      'https://',
      'https://*.1.2.3.4',
    ].map((value): [string, string, string] => [
      'CLIENT_URL',
      value,
      'CLIENT_URL must be addresses such as https://app.example.com, https://*.example.com or capacitor://localhost, with commas between them.',
    ]),
    ...[
      '*',
      'https://*',
      'https://*:3000',
      'https://app.*.com',
      'https://*.*.example.com',
      'https://*app.example.com',
      'https://app*.example.com',
      '*.example.com',
      'app://*.example.com',
      'chrome-extension://*',
    ].map((value): [string, string, string] => [
      'CLIENT_URL',
      value,
      'CLIENT_URL may hold a * only in place of the first label of a host, such as https://*.example.com.',
    ]),
    ...['https://*.com', 'https://*.com.'].map((value): [string, string, string] => [
      'CLIENT_URL',
      value,
      'CLIENT_URL must name a domain after *., such as https://*.example.com.',
    ]),
    [
      'PUBLIC_URL',
      'https://*.example.com',
      'PUBLIC_URL must be a URL such as https://chat.example.com.',
    ],
    ['PUBLIC_URL', 'ftp://a', 'PUBLIC_URL must be a URL such as https://chat.example.com.'],
    [
      'PUBLIC_URL',
      'chat.example.com',
      'PUBLIC_URL must be a URL such as https://chat.example.com.',
    ],
    ['ALLOW_GUESTS', 'maybe', 'ALLOW_GUESTS must be true or false.'],
    ['DURABILITY', 'none', 'DURABILITY must be one of disk, process.'],
  ])('refuses %s=%s in one sentence, and continues with the default', (name, value, sentence) => {
    const { settings, problems } = readSettings({ [name]: value });
    expect(problems).toEqual([sentence]);
    expect(settings).toEqual(readSettings({}).settings);
  });

  test('counts a secret in bytes, not in characters', () => {
    expect(readSettings({ JWT_SECRET: 'é'.repeat(16) }).problems).toEqual([]);
  });

  test('accepts the bounds of a number and nothing beyond', () => {
    for (const declaration of declarations) {
      if (declaration.kind !== 'whole') continue;
      const { name, min, max } = declaration;
      for (const [value, fits] of [
        [min, true],
        [max, true],
        [max + 1, false],
        [min - 1, false],
      ] as const) {
        expect([
          name,
          value,
          readSettings({ [name]: String(value) }).problems.length === 0,
        ]).toEqual([name, value, fits]);
      }
    }
  });
});

test('unknown settings, and settings without a meaning on a host, are named', () => {
  expect(unknownSettings(['PORT', 'JWT_SECERT'], 'node')).toEqual([
    'JWT_SECERT is not a setting of Parlor.',
  ]);
  expect(unknownSettings(['PORT', 'JWT_SECRET'], 'edge')).toEqual([
    'PORT has no meaning on the edge host.',
  ]);
  expect(unknownSettings(['PORT', 'X'])).toEqual(['X is not a setting of Parlor.']);
});

describe('.env.example', () => {
  const text = readFileSync(join(PROJECT, '.env.example'), 'utf8');

  test('is current (else: node scripts/run.mjs scripts/write-settings.ts)', () => {
    expect(text).toBe(envExample());
  });

  test('sets PORT, JWT_SECRET and CLIENT_URL and nothing else', () => {
    expect(parseEnv(text)).toEqual({
      PORT: '4000',
      JWT_SECRET: EXAMPLE_SECRET,
      CLIENT_URL: 'http://localhost:3001',
    });
  });

  test('names every documented setting in order', () => {
    const named = [...text.matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(named).toEqual(documented);
  });

  test('is valid when every line is uncommented', () => {
    const all = parseEnv(text.replaceAll(/^# (?=[A-Z_]+=)/gm, ''));
    expect(Object.keys(all).toSorted()).toEqual(documented.toSorted());
    expect(readSettings(all).problems).toEqual([]);
  });

  test('starts development mode unchanged', () => {
    const { isLocal, settings } = configure(temporaryFolder(), parseEnv(text), true);
    expect([isLocal, settings.JWT_SECRET]).toEqual([true, EXAMPLE_SECRET]);
  });

  test('is refused in production unchanged', () => {
    expect(() => configure(temporaryFolder(), parseEnv(text), false)).toThrow(
      /^JWT_SECRET is still the example/,
    );
  });
});

test.each(['required', 'security', 'tuning'] as const)(
  'docs/settings.md has the current table of %s settings (else: node scripts/run.mjs scripts/write-settings.ts)',
  (group) => {
    const page = readFileSync(join(PROJECT, 'docs', 'settings.md'), 'utf8');
    expect(page).toContain(`-->\n${settingsTable(group)}\n<!-- end of ${group} settings -->`);
  },
);

test('the first three settings are PORT, JWT_SECRET and CLIENT_URL', () => {
  expect(names.slice(0, 3)).toEqual(['PORT', 'JWT_SECRET', 'CLIENT_URL']);
});
