// Donut and bar charts. Data and words come from the page's JSON; numbers are formatted at the server, so that the chart
// and its table cannot differ. Canvas, because the SVG renderer writes style attributes, which the page's policy forbids.
import * as echarts from "echarts/core";
import { BarChart, PieChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([BarChart, PieChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

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
