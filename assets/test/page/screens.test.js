// @ts-check
/** Every screen of a ticket's page. */
import { looks } from '../../testbed/looks.js';
import { scenes } from '../../testbed/scenes.js';

looks(scenes);
