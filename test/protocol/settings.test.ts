import { describe, expect, it } from 'vitest';
import { readSettings, unknownSettings } from '../../src/settings.ts';

describe('settings', () => {
  it('have the defaults of the protocol', () => {
    const { settings, problems } = readSettings({});
    expect(problems).toEqual([]);
    expect(settings).toMatchObject({
      PORT: 4000,
      JWT_SECRET: undefined,
      CLIENT_URL: undefined,
      DATA_DIR: '.data',
      ALLOW_GUESTS: undefined,
      DURABILITY: 'disk',
    });
    expect(settings.limits).toMatchObject({
      frameBytes: 65_536,
      tuplesPerFrame: 64,
      jsonDepth: 16,
      messageBytes: 8_192,
      commandsPerSecond: 50,
      commandBurst: 200,
      connectionsPerUser: 10,
      roomsPerSocket: 50,
      unsentBytes: 1_048_576,
      connectTimeoutMs: 10_000,
    });
  });

  it('take an empty text for unset, and spaces around a value for nothing', () => {
    expect(readSettings({ PORT: '', DATA_DIR: '  ' }).settings).toMatchObject({
      PORT: 4000,
      DATA_DIR: '.data',
    });
    expect(readSettings({ PORT: ' 80 ' }).settings.PORT).toBe(80);
  });

  it('ignore bindings that are no texts', () => {
    expect(readSettings({ PORT: 80, ROOM: {} })).toEqual(readSettings({}));
  });

  it.each([
    ['PORT', '0', 0],
    ['PORT', '65535', 65_535],
    ['ALLOW_GUESTS', 'true', true],
    ['ALLOW_GUESTS', 'on', true],
    ['ALLOW_GUESTS', '0', false],
    ['ALLOW_GUESTS', 'no', false],
    ['DURABILITY', 'process', 'process'],
    [
      'CLIENT_URL',
      'http://a.example, https://b.example:8443',
      'http://a.example, https://b.example:8443',
    ],
    ['JWT_SECRET', 'x'.repeat(32), 'x'.repeat(32)],
    ['JWT_SECRET', '\u00E9'.repeat(16), '\u00E9'.repeat(16)],
  ] as const)('read %s=%s', (name, text, value) => {
    const { settings, problems } = readSettings({ [name]: text });
    expect(problems).toEqual([]);
    expect(settings[name]).toBe(value);
  });

  it.each([
    ['PORT', '65536', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', '-1', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', '0x50', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', '4e3', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', '40.0', 'PORT must be a whole number from 0 to 65535.'],
    ['JWT_SECRET', 'x'.repeat(31), 'JWT_SECRET must be at least 32 bytes long.'],
    ['ALLOW_GUESTS', 'maybe', 'ALLOW_GUESTS must be true or false.'],
    ['DURABILITY', 'memory', 'DURABILITY must be one of disk, process.'],
    ['PUBLIC_URL', 'chat.example', 'PUBLIC_URL must be a URL such as https://chat.example.com.'],
    ['PUBLIC_URL', 'ftp://a', 'PUBLIC_URL must be a URL such as https://chat.example.com.'],
    [
      'CLIENT_URL',
      'http://a.example,',
      'CLIENT_URL must be URLs such as http://localhost:3001, with commas between them.',
    ],
    [
      'CLIENT_URL',
      '*',
      'CLIENT_URL must be URLs such as http://localhost:3001, with commas between them.',
    ],
    ['COMMAND_BURST', '9', 'COMMAND_BURST must be a whole number from 10 to 1000000.'],
  ])('name %s=%s as wrong in one sentence, and go on with the default', (name, text, sentence) => {
    const { settings, problems } = readSettings({ [name]: text });
    expect(problems).toEqual([sentence]);
    expect(settings).toEqual(readSettings({}).settings);
  });

  it('name what is no setting of the host', () => {
    expect(unknownSettings(['PORT', 'JWT_SECRET'], 'node')).toEqual([]);
    expect(unknownSettings(['PROT', 'PORT'], 'edge')).toEqual([
      'PROT is not a setting of Parlor.',
      'PORT has no meaning on the edge host.',
    ]);
  });
});
