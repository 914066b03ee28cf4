import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signToken } from '../../../src/auth/tokens.ts';
import { FileTokens } from '../../../src/files/file-token.ts';

const SECRET = new TextEncoder().encode('a secret for tests, longer than thirty-two bytes');
const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 0, 1, 10, 20);
const ANN = { userId: 'ann' };

describe('a file token', () => {
  const tokens = new FileTokens(SECRET);

  it('opens the files of its room for its user', async () => {
    const { fileToken } = await tokens.make('general', ANN, undefined, NOW);
    expect(await tokens.readerOf(fileToken, 'general', NOW)).toMatchObject(ANN);
  });

  it('keeps the fields of an identity that a room needs for a reader, and no others', async () => {
    const rooms = { general: 'viewer', 'other-*': 'owner' } as const;
    const ann = { userId: 'ann', name: 'Ann', rooms, expiresAt: NOW };
    const { fileToken } = await tokens.make('general', ann, 'viewer', NOW);
    expect(await tokens.readerOf(fileToken, 'general', NOW)).toEqual({
      expiresAt: expect.any(Number),
      userId: 'ann',
      rooms: { general: 'viewer' },
    });
    const admin = await tokens.make('general', { userId: 'root', admin: true }, undefined, NOW);
    expect(await tokens.readerOf(admin.fileToken, 'general', NOW)).toEqual({
      expiresAt: expect.any(Number),
      userId: 'root',
      admin: true,
    });
    const guest = { userId: 'guest:1', guest: true } as const;
    const guests = await tokens.make('general', guest, undefined, NOW);
    expect(await tokens.readerOf(guests.fileToken, 'general', NOW)).toEqual({
      ...guest,
      expiresAt: expect.any(Number),
    });
  });

  it('opens files of no other room', async () => {
    const { fileToken } = await tokens.make('general', ANN, undefined, NOW);
    expect(await tokens.readerOf(fileToken, 'other', NOW)).toBeUndefined();
  });

  it('is invalid with another secret', async () => {
    const others = new FileTokens(new TextEncoder().encode('another secret of thirty-two bytes!'));
    const { fileToken } = await others.make('general', ANN, undefined, NOW);
    expect(await tokens.readerOf(fileToken, 'general', NOW)).toBeUndefined();
  });

  it('does not sign in, and a token that signs in is no file token', async () => {
    const signIn = await signToken({ sub: 'ann', aud: 'general', exp: NOW / 1_000 + 60 }, SECRET);
    expect(await tokens.readerOf(signIn, 'general', NOW)).toBeUndefined();
  });

  it.each([NOW, Date.UTC(2026, 0, 1, 10), Date.UTC(2026, 0, 1, 10, 59, 59, 999)])(
    'made at %i is valid for one to two hours, until a full hour',
    async (now) => {
      const { fileToken, expiresAt } = await tokens.make('general', ANN, undefined, now);
      expect(expiresAt).toBe(Date.UTC(2026, 0, 1, 12));
      expect(await tokens.readerOf(fileToken, 'general', expiresAt - 1)).toMatchObject(ANN);
      expect(await tokens.readerOf(fileToken, 'general', expiresAt)).toBeUndefined();
    },
  );

  it('stays the same for an hour, so that URLs stay cached', async () => {
    const at = Date.UTC(2026, 0, 1, 10);
    const first = await tokens.make('general', ANN, undefined, at);
    expect(await tokens.make('general', ANN, undefined, at + HOUR_MS - 1)).toEqual(first);
  });

  it.each(['an.n', '安', 'עדה', 'a\u0300', '😀', 'x'.repeat(128)])(
    'has the user id %s in characters that a URL may have',
    async (userId) => {
      const { fileToken } = await tokens.make('安 room', { userId }, undefined, NOW);
      expect(fileToken).toMatch(/^[A-Za-z0-9._-]+$/);
      expect(await tokens.readerOf(fileToken, '安 room', NOW)).toMatchObject({ userId });
    },
  );

  it('is invalid when any of its characters is changed', async () => {
    const { fileToken } = await tokens.make('general', ANN, undefined, NOW);
    // Except the last one, in which base64 does not use all bits.
    const changed = Array.from({ length: fileToken.length - 1 }, (_, at) => {
      const other = fileToken[at] === 'A' ? 'B' : 'A';
      return fileToken.slice(0, at) + other + fileToken.slice(at + 1);
    });
    const readers = await Promise.all(
      changed.map((token) => tokens.readerOf(token, 'general', NOW)),
    );
    expect(readers.filter((reader) => reader !== undefined)).toEqual([]);
  });

  it('is never found in any other text', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z0-9.]*$/));
    await fc.assert(
      fc.asyncProperty(text, async (token) => {
        expect(await tokens.readerOf(token, 'general', NOW)).toBeUndefined();
      }),
    );
  });
});
