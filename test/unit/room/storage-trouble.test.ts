import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { isStorageFailure } from '../../../src/room/storage/storage-trouble.ts';
import { temporaryFolder } from '../../support/folder.ts';

function thrownBy(act: () => void): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown.');
}

function fullDatabase(): DatabaseSync {
  const database = new DatabaseSync(join(temporaryFolder(), 'full.sqlite'));
  database.exec('CREATE TABLE t (x); PRAGMA max_page_count = 3');
  return database;
}

describe('a storage error', () => {
  test('is recognised for a full disk', () => {
    const database = fullDatabase();
    const error = thrownBy(() =>
      database.prepare('INSERT INTO t VALUES (?)').run('x'.repeat(100_000)),
    );
    expect(isStorageFailure(error)).toBe(true);
    database.close();
  });

  test('is recognised for a file that cannot be opened or written', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'a folder'));
    expect(isStorageFailure(thrownBy(() => new DatabaseSync(join(folder, 'a folder'))))).toBe(true);
    const path = join(folder, 'a.sqlite');
    new DatabaseSync(path).exec('CREATE TABLE t (x)');
    const reading = new DatabaseSync(path, { readOnly: true });
    expect(isStorageFailure(thrownBy(() => reading.exec('INSERT INTO t VALUES (1)')))).toBe(true);
    reading.close();
  });

  test.each([
    'database or disk is full: SQLITE_FULL',
    'disk I/O error: SQLITE_IOERR',
    'disk I/O error: SQLITE_IOERR_WRITE',
  ])('is recognised for %j of a Durable Object', (message) => {
    expect(isStorageFailure(new Error(message))).toBe(true);
  });

  test('is not recognised for our own defects', () => {
    const database = fullDatabase();
    for (const wrong of ['SELECT nothing FROM t', 'CREATE TABLE t (x)', 'NONSENSE']) {
      expect(isStorageFailure(thrownBy(() => database.exec(wrong)))).toBe(false);
    }
    database.close();
    for (const error of [
      new Error('UNIQUE constraint failed: messages.id: SQLITE_CONSTRAINT'),
      new Error('no such column "SQLITE_FULL" in messages'),
      new TypeError('x is undefined'),
      'SQLITE_FULL',
      undefined,
    ]) {
      expect(isStorageFailure(error)).toBe(false);
    }
  });
});
