import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqliteFile } from '../../local-server/sqlite-file.ts';
import { sqlContract } from '../contract/sql.ts';
import { lockFile } from '../support/lock-file.ts';

let folder = '';
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'parlor-sql-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function newPath(): string {
  return join(folder, String(count++), 'room.sqlite');
}

function open(path: string, onOpen = () => {}): SqliteFile {
  return new SqliteFile(path, 'process', onOpen);
}

/** The files that belong to a database. */
function files(path: string): string[] {
  try {
    return readdirSync(join(path, '..'));
  } catch {
    return [];
  }
}

function numbers(file: SqliteFile): number[] {
  return file.all<{ n: number }>('SELECT n FROM numbers ORDER BY n').map(({ n }) => n);
}

describe('a file with SQLite in it', () => {
  it('is opened even though another process reads it while it is created', async () => {
    const path = newPath();
    await lockFile(path, 'BEGIN');
    const file = open(path);
    file.run('INSERT INTO numbers VALUES (1)');
    file.commit();
    expect(numbers(file)).toEqual([1]);
    file.close();
  });

  sqlContract(async (...lives) => {
    const path = newPath();
    for (const life of lives) {
      const file = open(path);
      try {
        life(file, () => files(path));
        file.commit();
      } finally {
        file.close();
      }
    }
  });

  it('is not visible to other connections before it is committed', () => {
    const path = newPath();
    const file = open(path);
    file.run('CREATE TABLE numbers (n INTEGER)');
    file.commit();
    const other = open(path);
    file.run('INSERT INTO numbers VALUES (1)');
    file.atomic(() => file.run('INSERT INTO numbers VALUES (2)'));
    expect(numbers(file)).toEqual([1, 2]);
    expect(numbers(other)).toEqual([]);
    file.commit();
    expect(numbers(other)).toEqual([1, 2]);
    other.close();
    file.close();
  });

  it('drops what was not committed when it is discarded, and opens again', () => {
    const file = open(newPath());
    file.run('CREATE TABLE numbers (n INTEGER)');
    file.run('INSERT INTO numbers VALUES (1)');
    file.commit();
    file.run('INSERT INTO numbers VALUES (2)');
    file.atomic(() => file.run('INSERT INTO numbers VALUES (3)'));
    file.discard();
    expect(file.isOpen).toBe(false);
    expect(numbers(file)).toEqual([1]);
    file.run('INSERT INTO numbers VALUES (4)');
    file.commit();
    expect(numbers(file)).toEqual([1, 4]);
    file.close();
  });

  it('is empty again when its first transaction is discarded', () => {
    const path = newPath();
    const file = open(path);
    file.atomic(() => file.run('CREATE TABLE migrations (version INTEGER)'));
    expect(file.isEmpty()).toBe(false);
    file.discard();
    expect(file.isEmpty()).toBe(true);
    expect(open(path).isEmpty()).toBe(true);
    file.close();
  });

  it('can be discarded, closed and committed at any time', () => {
    const file = open(newPath());
    file.discard();
    file.close();
    file.commit();
    file.run('CREATE TABLE numbers (n INTEGER)');
    file.commit();
    file.commit();
    file.close();
    file.close();
    file.discard();
    expect(numbers(file)).toEqual([]);
    file.close();
  });

  it('reports before it opens, so that others can be closed', () => {
    let opened = 0;
    const file = open(newPath(), () => {
      expect(file.isOpen).toBe(false);
      opened++;
    });
    expect(file.isEmpty()).toBe(true);
    expect(opened).toBe(0);
    file.run('CREATE TABLE numbers (n INTEGER)');
    file.commit();
    expect(opened).toBe(1);
    file.close();
    expect(numbers(file)).toEqual([]);
    expect(opened).toBe(2);
    file.close();
  });

  it('does not commit in pieces when a failure has ended its transaction', () => {
    const file = open(newPath());
    file.run('CREATE TABLE numbers (n INTEGER)');
    file.commit();
    file.run('INSERT INTO numbers VALUES (1)');
    // As a full disk does: SQLite ends the whole transaction by itself.
    expect(() =>
      file.atomic(() => {
        file.run('INSERT INTO numbers VALUES (2)');
        file.run('ROLLBACK');
        throw new Error('disk full');
      }),
    ).toThrow('disk full');
    // Until `commit` has reported the failure, no later write may be stored by itself.
    expect(() => file.run('INSERT INTO numbers VALUES (3)')).toThrow('disk full');
    expect(() => file.atomic(() => file.run('INSERT INTO numbers VALUES (4)'))).toThrow(
      'disk full',
    );
    expect(() => file.commit()).toThrow('disk full');
    file.discard();
    expect(numbers(file)).toEqual([]);
    file.close();
  });
});
