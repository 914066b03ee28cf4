import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe } from 'vitest';
import { ObjectSql } from '../../src/edge/object-sql.ts';
import { sqlContract } from '../contract/sql.ts';

describe('the storage of a room object', () => {
  sqlContract(async (...lives) => {
    const stub = env.ROOM.getByName(crypto.randomUUID());
    for (const [at, life] of lives.entries()) {
      if (at > 0) await evictDurableObject(stub);
      await runInDurableObject(stub, (_, { storage }) => {
        const sql = new ObjectSql(storage);
        life(sql, () =>
          storage.sql
            .exec<{ name: string }>('SELECT name FROM sqlite_master')
            .toArray()
            .map(({ name }) => name),
        );
      });
    }
  });
});
