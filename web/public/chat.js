/** @import { Answers } from './view/join-form.js' */
/** @import { Way } from './room/entry.js' */
import { credentialsFor, findWay, Misfit, readName, readRoom, readToken } from './room/entry.js';
import { ofThisWindow, remembered } from './room/memory.js';
import { Session } from './room/session.js';
import { JoinForm } from './view/join-form.js';
import { RoomView } from './view/room.js';

/** What is asked of a guest where guests are not let in. */
const TOKEN_NEEDED = 'This server asks for a token; paste the one you were given.';
const UNAUTHORIZED = 4500;

/** The room somebody sees who comes for the first time. */
const FIRST_ROOM = 'general';

/**
 * Who is in which room, kept for a reload of this window.
 *
 * @typedef {{ name: string, room: string, way: Way }} Visit
 */

const form = new JoinForm(join);
/** @type {{ visit: Visit, session: Session, view: RoomView } | undefined} */
let current;

/** The room that the address names, so that it can be sent to others. */
function roomInAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return '';
  }
}

/** @param {Answers} answers */
async function join(answers) {
  const name = readName(answers.name);
  const room = readRoom(answers.room);
  const token = readToken(answers.token);
  enter({ name, room, way: token === '' ? await findWay(name) : { kind: 'token', token } });
}

/** @param {Visit} visit */
function enter(visit) {
  const { name, room, way } = visit;
  remembered.set('name', name);
  remembered.set('room', room);
  ofThisWindow.set('visit', JSON.stringify(visit));
  history.replaceState(null, '', `#${encodeURIComponent(room)}`);
  const session = new Session(
    { roomId: room, username: name, credentials: credentialsFor(way) },
    {
      changed: () => view.changed(),
      heard: (message) => view.heard(message),
      ended: (code, sentence) => {
        exit();
        const wantsToken = code === UNAUTHORIZED && way.kind === 'guest';
        form.tell(wantsToken ? new Misfit('token', TOKEN_NEEDED) : new Error(sentence));
      },
    },
  );
  form.hide();
  const view = new RoomView(session, leave);
  current = { visit, session, view };
  session.start();
}

function leave() {
  current?.session.leave();
  exit();
}

/** Back to the door. */
function exit() {
  const { visit, view } = current ?? {};
  current = undefined;
  view?.stop();
  ofThisWindow.set('visit', undefined);
  welcome(visit?.room);
}

/** @param {string} [room] */
function welcome(room = roomInAddress() || remembered.get('room') || FIRST_ROOM) {
  form.show({ name: remembered.get('name') ?? '', room });
}

/** @returns {Visit | undefined} */
function lastVisit() {
  try {
    return JSON.parse(ofThisWindow.get('visit') ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

window.addEventListener('hashchange', () => {
  if (roomInAddress() === current?.visit.room) return;
  if (current === undefined) welcome();
  else {
    current.session.leave();
    exit();
    welcome(roomInAddress() || undefined);
  }
});

const visit = lastVisit();
if (visit !== undefined && ['', visit.room].includes(roomInAddress())) enter(visit);
else welcome();
