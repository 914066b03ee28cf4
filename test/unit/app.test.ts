import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { applicationOf } from '../../src/app/application.ts';
import { defineApp } from '../../src/app/define.ts';
import poll from '../../examples/poll.ts';

const any = z.object({});

describe('an application', () => {
  it.each(['message', 'ack', 'openInbox', 'conversationUpdated', 'connect_error', 'a"b'])(
    '[APP6] cannot declare a signal or a command named %s',
    (name) => {
      const commands = { [name]: { payload: any, handle: () => undefined } };
      expect(() => applicationOf(defineApp({ commands }))).toThrow(`The name "${name}"`);
      expect(() => applicationOf(defineApp({ signals: { [name]: any } }))).toThrow(/src.app\.ts/);
    },
  );

  it('[APP6] cannot have a signal and a command of the same name', () => {
    const commands = { dice: { payload: any, handle: () => undefined } };
    const app = defineApp({ signals: { dice: any }, commands });
    expect(() => applicationOf(app)).toThrow('is both a signal and a command');
  });

  it('[APP6] cannot have asynchronous schemas or functions', () => {
    const refined = z.object({ x: z.string().refine(async () => Promise.resolve(true)) });
    const other = {
      '~standard': {
        version: 1 as const,
        vendor: 'other',
        validate: (value: unknown) => Promise.resolve({ value }),
      },
    };
    for (const schema of [refined, other]) {
      expect(() => applicationOf(defineApp({ signals: { dice: schema } }))).toThrow('synchronous');
      expect(() => applicationOf(defineApp({ kinds: { dice: { data: schema } } }))).toThrow(
        'synchronous',
      );
    }
    const handle = async () => Promise.resolve({});
    const commands = { dice: { payload: any, handle: handle as never } };
    expect(() => applicationOf(defineApp({ commands }))).toThrow('synchronous');
    for (const own of [{ text: handle }, { count: handle }]) {
      const kinds = { dice: { data: any, ...(own as object) } };
      expect(() => applicationOf(defineApp({ kinds }))).toThrow('synchronous');
    }
  });

  it('[APP2] gives its commands the typed data of its kinds', () => {
    const app = defineApp({
      kinds: { note: { data: z.object({ title: z.string() }) } },
      commands: {
        title: {
          payload: z.object({ seq: z.int() }),
          handle(room, { seq }) {
            const { title } = room.message(seq, 'note').data;
            // @ts-expect-error: a title is a string
            title.toFixed();
            // @ts-expect-error: there is no kind `poll`
            room.message(seq, 'poll');
            return { reply: { title } };
          },
        },
      },
    });
    expect(applicationOf(app).commands?.size).toBe(1);
  });

  it('[APP6] may be the poll of the examples, or empty', () => {
    expect([...(applicationOf(poll).commands ?? [])].map(([name]) => name)).toEqual([
      'vote',
      'closePoll',
    ]);
    expect(applicationOf(defineApp({})).signals?.size).toBe(0);
  });
});
