import type { Wakeup } from '../room/ports.ts';

/** A hosted object's wakeup as the one alarm of its Durable Object, stored together with the turn's writes. */
export class ObjectWakeup implements Wakeup {
  readonly #storage: Pick<DurableObjectStorage, 'setAlarm' | 'deleteAlarm'>;

  constructor(storage: Pick<DurableObjectStorage, 'setAlarm' | 'deleteAlarm'>) {
    this.#storage = storage;
  }

  set(at: number | undefined): void {
    if (at === undefined) void this.#storage.deleteAlarm();
    else void this.#storage.setAlarm(at);
  }
}
