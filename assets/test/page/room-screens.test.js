// @ts-check
/** Every screen that a room adds. */
import { looks } from '../../testbed/looks.js';
import { roomScenes } from '../../testbed/room-scenes.js';

looks(roomScenes);
