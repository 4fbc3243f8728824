// A rule's trial: the page is renewed until the result is there.
import { refresh } from "./refresh.js";

const watch = setInterval(() => {
  if (document.querySelector("[data-running]")) refresh();
  else clearInterval(watch);
}, 1500);
