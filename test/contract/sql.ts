import { expect, it } from 'vitest';
import { Database } from '../../src/room/storage/database.ts';
import { migrate, migrations, NewerSchema } from '../../src/room/storage/migrations.ts';
import type { Sql } from '../../src/room/ports.ts';

/** One life of a room's database. `traces` returns the names of what the host has stored for it. */
export type Life = (sql: Sql, traces: () => string[]) => void;

/** Runs the lives one after the other over the same room's database; each is stored before the next. */
export type WithSql = (...lives: Life[]) => Promise<void>;

/** The first table of the schema; a room without it is empty. */
const FOUNDING = 'CREATE TABLE migrations (version INTEGER PRIMARY KEY)';
const NAMES = 'CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT UNIQUE)';

function add(sql: Sql, ...names: string[]): void {
  for (const name of names) sql.run('INSERT INTO names (name) VALUES (?)', name);
}

function names(sql: Sql): string[] {
  return sql.all<{ name: string }>('SELECT name FROM names ORDER BY id').map(({ name }) => name);
}

/** The contract of a room's `Sql` port, the same for every host. */
export function sqlContract(withSql: WithSql): void {
  it('is empty at first, and reading stores nothing', () =>
    withSql(
      (sql, traces) => {
        expect(sql.isEmpty()).toBe(true);
        expect(sql.isEmpty()).toBe(true);
        expect(traces()).toEqual([]);
      },
      (sql, traces) => {
        expect(sql.isEmpty()).toBe(true);
        expect(traces()).toEqual([]);
      },
    ));

  it('is not empty after its schema was created, also after a restart', () =>
    withSql(
      (sql, traces) => {
        migrate(sql);
        expect(sql.isEmpty()).toBe(false);
        expect(traces()).not.toEqual([]);
      },
      (sql) => {
        expect(sql.isEmpty()).toBe(false);
        migrate(sql);
        expect(sql.all('SELECT version FROM migrations')).toHaveLength(migrations.length);
      },
    ));

  it('refuses storage written by newer code with a clear error, and leaves it unchanged', () =>
    withSql(
      (sql) => {
        migrate(sql);
        sql.run('INSERT INTO migrations (version) VALUES (99)');
      },
      (sql) => {
        expect(() => migrate(sql)).toThrow(NewerSchema);
        expect(() => migrate(sql)).toThrow(
          `This was written by a newer Parlor (schema 99, known are ${migrations.length}): run that version or a later one.`,
        );
        expect(sql.all('SELECT version FROM migrations WHERE version = 99')).toHaveLength(1);
      },
    ));

  it('keeps rows over a restart', () =>
    withSql(
      (sql) => {
        sql.run(NAMES);
        add(sql, 'alice', 'bob');
      },
      (sql) => expect(names(sql)).toEqual(['alice', 'bob']),
    ));

  it('has read every row before the next statement runs', () =>
    withSql((sql) => {
      sql.run('CREATE TABLE numbers (n INTEGER PRIMARY KEY)');
      for (let n = 1; n <= 500; n++) sql.run('INSERT INTO numbers (n) VALUES (?)', n);
      const rows = sql.all<{ n: number }>('SELECT n FROM numbers ORDER BY n');
      sql.run('DELETE FROM numbers');
      expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 500 }, (_, at) => at + 1));
      expect(sql.all('SELECT n FROM numbers')).toEqual([]);
    }));

  it.each<[string, string | number | null]>([
    ['an empty text', ''],
    ['text beyond the first plane', '\u{1F600} \u4F60\u597D \u00E9'],
    ['text with a NUL within', 'a\u0000b'],
    ['quotes', `'"\`; DROP TABLE names; --`],
    ['a text of 100,000 characters', 'x'.repeat(100_000)],
    ['zero', 0],
    ['a negative number', -7],
    ['a time in milliseconds', 1_700_000_000_000],
    ['the greatest exact number', Number.MAX_SAFE_INTEGER],
    ['nothing', null],
  ])('returns %s unchanged', (_, value) =>
    withSql((sql) => {
      sql.run('CREATE TABLE kept (value ANY) STRICT');
      sql.run('INSERT INTO kept (value) VALUES (?)', value);
      expect(sql.all('SELECT value FROM kept')).toEqual([{ value }]);
      expect(sql.all('SELECT 1 AS found FROM kept WHERE value IS ?', value)).toEqual([
        { found: 1 },
      ]);
    }),
  );

  it('applies a whole transaction', () =>
    withSql(
      (sql) => {
        sql.run(NAMES);
        const result = sql.atomic(() => {
          add(sql, 'alice', 'bob');
          return names(sql).length;
        });
        expect(result).toBe(2);
      },
      (sql) => expect(names(sql)).toEqual(['alice', 'bob']),
    ));

  it('rolls back a transaction that throws, and rethrows the error', () =>
    withSql(
      (sql) => {
        sql.run(NAMES);
        add(sql, 'alice');
        const error = new Error('no');
        expect(() =>
          sql.atomic(() => {
            add(sql, 'bob');
            throw error;
          }),
        ).toThrow(error);
        expect(names(sql)).toEqual(['alice']);
        add(sql, 'carol');
      },
      (sql) => expect(names(sql)).toEqual(['alice', 'carol']),
    ));

  it('rolls back a transaction in which a statement fails', () =>
    withSql((sql) => {
      sql.run(NAMES);
      add(sql, 'alice');
      expect(() => sql.atomic(() => add(sql, 'bob', 'alice'))).toThrow(/UNIQUE/);
      expect(names(sql)).toEqual(['alice']);
    }));

  it('rolls back only the inner transaction when the outer one continues', () =>
    withSql(
      (sql) => {
        sql.run(NAMES);
        sql.atomic(() => {
          add(sql, 'alice');
          expect(() =>
            sql.atomic(() => {
              add(sql, 'bob');
              sql.atomic(() => add(sql, 'carol'));
              throw new Error('no');
            }),
          ).toThrow('no');
          sql.atomic(() => add(sql, 'dave'));
        });
      },
      (sql) => expect(names(sql)).toEqual(['alice', 'dave']),
    ));

  it('rolls back completed inner transactions when the outer one throws', () =>
    withSql(
      (sql) => {
        sql.run(NAMES);
        expect(() =>
          sql.atomic(() => {
            sql.atomic(() => add(sql, 'alice'));
            throw new Error('no');
          }),
        ).toThrow('no');
      },
      (sql) => expect(names(sql)).toEqual([]),
    ));

  it('rolls back the creation of the schema when it throws, and can create it afterwards', () =>
    withSql(
      (sql, traces) => {
        expect(() =>
          sql.atomic(() => {
            sql.run(FOUNDING);
            throw new Error('no');
          }),
        ).toThrow('no');
        expect(sql.isEmpty()).toBe(true);
        expect(traces()).toEqual([]);
        expect(() =>
          sql.atomic(() => {
            sql.run(FOUNDING);
            sql.atomic(() => sql.run(NAMES));
            throw new Error('no');
          }),
        ).toThrow('no');
        expect(traces()).toEqual([]);
        sql.atomic(() => {
          sql.run(FOUNDING);
          sql.run(NAMES);
          add(sql, 'alice');
        });
      },
      (sql) => {
        expect(sql.isEmpty()).toBe(false);
        expect(names(sql)).toEqual(['alice']);
      },
    ));

  it('continues creating the schema after an inner part was rolled back', () =>
    withSql(
      (sql) => {
        sql.atomic(() => {
          expect(() =>
            sql.atomic(() => {
              sql.run(NAMES);
              throw new Error('no');
            }),
          ).toThrow('no');
          sql.run(NAMES);
          add(sql, 'alice');
        });
      },
      (sql) => expect(names(sql)).toEqual(['alice']),
    ));

  it('serves reads before the first write, and stores nothing', () =>
    withSql((sql, traces) => {
      const database = new Database(sql);
      expect(database.all('SELECT * FROM messages')).toEqual([]);
      expect(database.atomic(() => database.first('SELECT * FROM room'))).toBeUndefined();
      expect(traces()).toEqual([]);
    }));

  it('allows a second attempt after the first write was rolled back', () =>
    withSql((sql) => {
      const database = new Database(sql);
      const write = () =>
        database.run(
          "INSERT INTO members (user_id, username, unverified, role) VALUES ('u', 'U', 0, 'member')",
        );
      expect(() =>
        database.atomic(() => {
          write();
          throw new Error('no');
        }),
      ).toThrow('no');
      expect(database.all('SELECT * FROM members')).toEqual([]);
      database.atomic(write);
      expect(database.all('SELECT user_id FROM members')).toEqual([{ user_id: 'u' }]);
    }));

  it('erases everything at once, and keeps what is created in its place', () =>
    withSql(
      (sql) => {
        sql.run(NAMES);
        add(sql, 'alice', 'bob');
        sql.run('CREATE TABLE numbers (n INTEGER PRIMARY KEY)');
      },
      (sql) => {
        expect(names(sql)).toEqual(['alice', 'bob']);
        add(sql, 'carol');
        sql.erase(() => {
          expect(sql.isEmpty()).toBe(true);
          migrate(sql);
          sql.run(NAMES);
          add(sql, 'dave');
        });
        expect(names(sql)).toEqual(['dave']);
        add(sql, 'erin');
      },
      (sql) => {
        expect(sql.isEmpty()).toBe(false);
        expect(names(sql)).toEqual(['dave', 'erin']);
        expect(sql.all("SELECT name FROM sqlite_master WHERE name = 'numbers'")).toEqual([]);
      },
    ));

  it('keeps its rows when space is reclaimed', () =>
    withSql(
      (sql) => {
        sql.run(NAMES);
        add(sql, 'alice', 'bob', 'carol');
        sql.run("DELETE FROM names WHERE name = 'bob'");
        sql.reclaimSpace('space');
        expect(names(sql)).toEqual(['alice', 'carol']);
        sql.reclaimSpace('traces');
        add(sql, 'dave');
      },
      (sql) => expect(names(sql)).toEqual(['alice', 'carol', 'dave']),
    ));
}
