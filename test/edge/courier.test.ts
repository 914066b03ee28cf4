import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe } from 'vitest';
import type { Environment } from '../../src/edge/environment.ts';
import { HostingObject, type ObjectPorts } from '../../src/edge/hosting-object.ts';
import type { Carry } from '../../src/host/courier.ts';
import { courierContract, Ledger } from '../contract/courier.ts';
import { newRoom, stubOf } from './client.ts';

/** A ledger in a Durable Object: a second kind of object beside the room. */
class LedgerObject extends HostingObject<Ledger> {
  static carry: Carry;
  protected readonly report = { flushedFor: () => undefined };
  protected readonly connections = { size: 0, closeAll: () => undefined };

  get ledger() {
    return this.hosted;
  }

  protected make(ports: ObjectPorts): Ledger {
    return new Ledger(ports);
  }

  protected override carry(...attempt: Parameters<Carry>): ReturnType<Carry> {
    return LedgerObject.carry(...attempt);
  }
}

describe('deliveries of a Durable Object', () => {
  courierContract((carry, work) =>
    runInDurableObject(stubOf(newRoom()), async (_, state) => {
      LedgerObject.carry = carry;
      await work(new LedgerObject(state, env as unknown as Environment).ledger);
    }),
  );
});
