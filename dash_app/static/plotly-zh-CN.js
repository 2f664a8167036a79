// Words of the charts in Chinese: months, days, and the few labels that our charts can show.
(() => {
  "use strict";
  const months = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"].map((month) => `${month}月`);
  const days = ["日", "一", "二", "三", "四", "五", "六"];
  // The chart library takes what it finds here when it is loaded.
  window.PlotlyLocales = window.PlotlyLocales || [];
  window.PlotlyLocales.push({
    moduleType: "locale",
    name: "zh-CN",
    dictionary: {
      Autoscale: "自动缩放",
      "Download plot as a PNG": "下载为 PNG 图片",
      "Download plot": "下载图表",
      Pan: "平移",
      Reset: "重置",
      "Reset axes": "重置坐标轴",
      Zoom: "缩放",
      "Zoom in": "放大",
      "Zoom out": "缩小",
      "Click to enter X axis title": "输入横轴标题",
      "Click to enter Y axis title": "输入纵轴标题",
    },
    format: {
      days: days.map((day) => `星期${day}`),
      shortDays: days.map((day) => `周${day}`),
      months,
      shortMonths: months,
      date: "%Y-%m-%d",
      year: "%Y年",
      month: "%Y年%-m月",
      dayMonth: "%-m月%-d日",
      dayMonthYear: "%Y年%-m月%-d日",
      decimal: ".",
      thousands: ",",
    },
  });
})();
