// The bundle of every page. Each element works on its own; without script the forms beneath still do.
import "htmx.org/dist/htmx.esm.js";
import "./elements/column-order.js";
import "./elements/copy-button.js";
import "./elements/bulk-select.js";
import "./elements/filter-builder.js";
import "./elements/find-select.js";
import "./elements/once-form.js";
import "./elements/show-data.js";
import "./elements/typed-links.js";
import "./dialogs.js";
import "./frame.js";
import "./shortcuts.js";
import "./tips.js";
