import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RelayOrder } from '../../../src/relay/exchange.ts';
import { Tails, withTail } from '../../../src/relay/tails.ts';

function send(id: string, lines: readonly string[]): RelayOrder {
  return { type: 'send', id, frame: { lines, ephemeral: false } };
}

/** The lines of each order as the relay passes them to its connections. */
function linesOf(orders: readonly RelayOrder[]): (readonly string[])[] {
  let tail = '';
  return orders.flatMap((order) => {
    if (order.type === 'tail') tail = order.text;
    return order.type === 'send' ? [withTail(order, tail).lines] : [];
  });
}

it('every connection gets its own lines when common ends are sent once', () => {
  const end = fc.constantFrom('早'.repeat(300), 'שלום'.repeat(200), '🎉'.repeat(150), '');
  const line = fc.tuple(fc.string({ unit: 'grapheme' }), end).map(([head, tail]) => head + tail);
  fc.assert(
    fc.property(fc.array(fc.array(line, { minLength: 1, maxLength: 3 })), (frames) => {
      const tails = new Tails();
      const orders = frames.flatMap((lines, at) => tails.cut(send(String(at), lines)));
      expect(linesOf(orders)).toEqual(frames);
    }),
  );
});

it('the common end of many lines is sent once', () => {
  const page = 'a page of messages'.repeat(100);
  const tails = new Tails();
  const orders = Array.from({ length: 500 }, (_, at) =>
    tails.cut(send(String(at), [`["joined",{"you":"user ${at}",${page}}]`])),
  ).flat();
  expect(orders.filter(({ type }) => type === 'tail')).toHaveLength(1);
  expect(JSON.stringify(orders).split(page)).toHaveLength(3);
});
