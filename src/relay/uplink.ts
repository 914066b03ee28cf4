import type { Clock, Timer } from '../room/ports.ts';
import {
  GONE_FAILURES,
  type RelayRequest,
  type RequestAnswer,
  type RequestCall,
  retryMs,
} from './exchange.ts';

/** How long further joins are gathered after a call with joins, in milliseconds. */
const GATHER_MS = 50;
/** Added to that for each join of the last call, in milliseconds: in a storm many more are to come. */
const GATHER_EACH_MS = 20;
const MAX_GATHER_MS = 1_000;

/** Most requests in one call. */
const CALL_REQUESTS = 500;
/**
 * Most text of the joins in one call, and as much of its other requests, in UTF-16 units: a call is
 * limited to 32 MiB. A single request may be longer.
 */
const CALL_TEXT = 4 * 1024 * 1024;

/** How long the relay waits after a call of which the room has executed nothing, in milliseconds. */
const PAUSE_MS = 50;

type Call = Pick<RequestCall, 'n' | 'requests'> & Required<Pick<RequestCall, 'places'>>;

export interface UplinkPorts {
  clock: Clock;
  timer: Timer;
  /** Calls the room. `settle` is called once; with undefined if the call failed. */
  request(call: Call, settle: (answer: RequestAnswer | undefined) => void): void;
  /** @param requests those that the room has executed, or whose sockets are to be connected later */
  answered(answer: RequestAnswer, requests: readonly RelayRequest[]): void;
  /** Whether a request of a call that failed may be sent again, and is not known to be done. */
  mayRepeat(request: RelayRequest): boolean;
  /** The room has not answered for some 12 s; called again at each further failure. */
  gone(): void;
}

/** Sends a relay's requests to its room: in order, one call at a time, repeated until answered. */
export class Uplink {
  readonly #ports: UplinkPorts;
  /** Connect requests, kept apart: a socket that is not open yet has no earlier requests. */
  #joins: RelayRequest[] = [];
  #waiting: RelayRequest[] = [];
  #underWay: Call | undefined;
  #n = 0;
  #failures = 0;
  #joinedAt = -Infinity;
  #gatherMs = GATHER_MS;
  #isTimerSet = false;
  #isPaused = false;

  constructor(ports: UplinkPorts) {
    this.#ports = ports;
  }

  add(request: RelayRequest): void {
    if (request.type === 'connect') this.#joins.push(request);
    else this.#waiting.push(request);
  }

  /** Adds a request, unless it waits or is on its way. */
  ensure(request: RelayRequest): void {
    if (!this.has((other) => other === request)) this.add(request);
  }

  /** Whether a request waits or is on its way. */
  has(isMeant: (request: RelayRequest) => boolean): boolean {
    const underWay = this.#underWay?.requests ?? [];
    return [this.#joins, this.#waiting, underWay].some((requests) => requests.some(isMeant));
  }

  /** Drops what waits. */
  drop(isMeant: (request: RelayRequest) => boolean): void {
    this.#joins = this.#joins.filter((request) => !isMeant(request));
    this.#waiting = this.#waiting.filter((request) => !isMeant(request));
  }

  /** Starts a call, if there are requests and no call is on its way. */
  start(): void {
    if (this.#underWay !== undefined || this.#isPaused) return;
    const joins = this.#takeJoins();
    const requests = [...joins, ...takeFirst(this.#waiting, CALL_REQUESTS - joins.length)];
    if (requests.length === 0) return;
    const places = requests.map((_, place) => place);
    this.#underWay = { n: ++this.#n, requests, places };
    this.#send(this.#underWay);
  }

  #takeJoins(): RelayRequest[] {
    if (this.#joins.length === 0) return [];
    const agoMs = this.#ports.clock.now() - this.#joinedAt;
    if (agoMs >= 0 && agoMs < this.#gatherMs && this.#joins.length < CALL_REQUESTS) {
      this.#startAfter(this.#gatherMs - agoMs);
      return [];
    }
    const joins = takeFirst(this.#joins, CALL_REQUESTS);
    this.#joinedAt = this.#ports.clock.now();
    this.#gatherMs = Math.min(MAX_GATHER_MS, GATHER_MS + GATHER_EACH_MS * joins.length);
    return joins;
  }

  #startAfter(ms: number): void {
    if (this.#isTimerSet) return;
    this.#isTimerSet = true;
    this.#ports.timer.after(ms, () => {
      this.#isTimerSet = false;
      this.start();
    });
  }

  #send(call: Call): void {
    this.#ports.request(call, (answer) => {
      if (this.#underWay !== call) return;
      if (answer === undefined) this.#failed(call);
      else {
        this.#underWay = undefined;
        this.#failures = 0;
        this.#answered(call, answer);
        this.start();
      }
    });
  }

  /** Requests that the room has not executed go before all but joins into the next call. */
  #answered({ requests, places }: Call, answer: RequestAnswer): void {
    const { later = [], undoneFrom = Infinity } = answer;
    // Joins that did not fit in the call are not gathered a second time.
    if (later.length > 0) this.#joinedAt = -Infinity;
    const done = requests.filter((_, at) => places[at]! < undoneFrom);
    this.#waiting.unshift(...requests.filter((_, at) => places[at]! >= undoneFrom));
    if (done.length <= later.length && requests.length > 0) this.#pause();
    this.#ports.answered(answer, done);
  }

  #pause(): void {
    this.#isPaused = true;
    this.#ports.timer.after(PAUSE_MS, () => {
      this.#isPaused = false;
      this.start();
    });
  }

  /** Repeats a call after a while. The room may have executed it: it recognises the call's number. */
  #failed(call: Call): void {
    this.#failures++;
    const again = this.#repeatable(call);
    this.#underWay = again;
    if (this.#failures >= GONE_FAILURES) this.#ports.gone();
    this.#ports.timer.after(retryMs(this.#failures), () => {
      if (this.#underWay !== again) return;
      const still = this.#repeatable(again);
      this.#underWay = still;
      this.#send(still);
    });
  }

  /** A call without the requests that may not be repeated. */
  #repeatable({ n, requests, places }: Call): Call {
    const kept = requests.map((one) => this.#ports.mayRepeat(one));
    return {
      n,
      requests: requests.filter((_, at) => kept[at]),
      places: places.filter((_, at) => kept[at]),
    };
  }
}

/** Takes the first requests of a list, at most so many, that fit in one call; at least one. */
function takeFirst(requests: RelayRequest[], most: number): RelayRequest[] {
  let count = 0;
  let text = 0;
  while (count < Math.min(most, requests.length)) {
    text += JSON.stringify(requests[count]).length;
    if (count > 0 && text > CALL_TEXT) break;
    count++;
  }
  return requests.splice(0, count);
}
