// Donuts, bars, and lines over days. Data and words come from the page's JSON; numbers are formatted at the server, so that the chart
// and its table cannot differ. Canvas, because the SVG renderer writes style attributes, which the page's policy forbids.
import * as echarts from "echarts/core";
import { BarChart, LineChart, PieChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([BarChart, LineChart, PieChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const palette = () => Array.from({ length: 8 }, (_, i) => token(`--chart-${i + 1}`));

function words(item) {
  const box = document.createElement("div");
  box.className = "chart-tip";
  const name = document.createElement("strong");
  name.textContent = item.label;
  box.append(name, document.createElement("br"), `${item.shown} (${item.share})`);
  return box;
}

function wordsOfDay(chart, at) {
  const box = document.createElement("div");
  box.className = "chart-tip";
  const day = document.createElement("strong");
  day.textContent = chart.labels[at];
  box.append(day);
  for (const one of chart.series) box.append(document.createElement("br"), `${one.name}: ${one.shown[at]}`);
  return box;
}

// One panel below the other, each with a scale of its own, over the same days.
function lines(chart, common, ink) {
  const panels = [...new Set(chart.series.map((one) => one.panel))].sort();
  const share = 84 / panels.length;
  const axis = { axisLabel: { color: ink, hideOverlap: true } };
  const one = chart.labels.length === 1;
  return {
    ...common,
    tooltip: { trigger: "axis", confine: true, formatter: (at) => wordsOfDay(chart, at[0].dataIndex) },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    legend: { type: "scroll", top: 0, textStyle: { color: ink }, pageTextStyle: { color: ink } },
    grid: panels.map((_, i) => ({ left: 8, right: 16, top: `${14 + i * share}%`, height: `${share - 6}%`, containLabel: true })),
    xAxis: panels.map((_, i) => ({ type: "category", gridIndex: i, data: chart.labels, boundaryGap: one, ...axis })),
    yAxis: panels.map((_, i) => ({ type: "value", gridIndex: i, splitNumber: 3, splitLine: { lineStyle: { color: token("--chart-line") } }, ...axis })),
    series: chart.series.map((line, i) => ({
      type: "line",
      name: line.name,
      xAxisIndex: panels.indexOf(line.panel),
      yAxisIndex: panels.indexOf(line.panel),
      data: line.values,
      step: "middle",
      symbol: ["circle", "rect", "triangle", "diamond"][i % 4],
      symbolSize: 6,
      lineStyle: { width: 2, type: ["solid", "dashed", "dotted"][i % 3] },
    })),
  };
}

function options(chart) {
  const ink = token("--chart-ink");
  const quiet = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const common = {
    color: palette(),
    animation: !quiet,
    animationDuration: 300,
    textStyle: { color: ink, fontFamily: getComputedStyle(document.body).fontFamily },
    aria: { enabled: true, label: { description: chart.description }, decal: { show: true } },
    tooltip: { trigger: "item", confine: true, formatter: (at) => words(chart.items[at.dataIndex]) },
  };
  if (chart.kind === "lines") return lines(chart, common, ink);
  if (chart.kind === "bar")
    return {
      ...common,
      grid: { left: 8, right: 24, top: 8, bottom: 8, containLabel: true },
      xAxis: { type: "value", axisLabel: { color: ink, hideOverlap: true }, splitNumber: 4, splitLine: { lineStyle: { color: token("--chart-line") } } },
      yAxis: {
        type: "category",
        inverse: true,
        data: chart.items.map((item) => item.label),
        axisLabel: { color: ink, width: 160, overflow: "truncate" },
      },
      series: [{ type: "bar", name: chart.title, data: chart.items.map((item) => item.value), barMaxWidth: 28 }],
    };
  return {
    ...common,
    legend: { type: "scroll", bottom: 0, textStyle: { color: ink }, pageTextStyle: { color: ink } },
    series: [
      {
        type: "pie",
        name: chart.title,
        radius: ["45%", "72%"],
        center: ["50%", "44%"],
        label: { show: false },
        itemStyle: { borderColor: token("--chart-ground"), borderWidth: 2 },
        data: chart.items.map((item) => ({ name: item.label, value: item.value })),
      },
    ],
  };
}

class DataChart extends HTMLElement {
  connectedCallback() {
    const chart = JSON.parse(document.getElementById(this.getAttribute("data")).textContent);
    this.drawn = echarts.init(this, null, { renderer: "canvas" });
    const draw = () => this.drawn.setOption(options(chart), true);
    draw();
    this.sized = new ResizeObserver(() => this.drawn.resize());
    this.sized.observe(this);
    this.themed = new MutationObserver(draw);
    this.themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  }
  disconnectedCallback() {
    this.sized?.disconnect();
    this.themed?.disconnect();
    this.drawn?.dispose();
  }
}
customElements.define("data-chart", DataChart);
