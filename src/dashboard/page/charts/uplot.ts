import type uPlotClass from "uplot";

// The build puts uPlot's own minified file before the script, which declares this: no other minifier makes it as small.
declare const uPlot: typeof uPlotClass;

/** The class of charts. */
export const UPlot: typeof uPlotClass = uPlot;
