// A clock of its own thread: browsers slow down the timers of a hidden page, but not these.
"use strict";

self.onmessage = (event) => setInterval(() => self.postMessage("tick"), event.data);
