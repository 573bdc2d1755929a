# The schedule expressions that EventBridge Scheduler accepts, and the interval between two runs.

locals {
  # For each field of a cron expression, the form of its values and of its steps.
  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
  cron_forms = {
    minutes      = ["[0-5]?[0-9]", "(?:[1-9]|[1-5][0-9])"]
    hours        = ["(?:[01]?[0-9]|2[0-3])", "(?:[1-9]|1[0-9]|2[0-3])"]
    day_of_month = ["(?:0?[1-9]|[12][0-9]|3[01])", "(?:[1-9]|[12][0-9]|3[01])"]
    month        = ["(?:0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)", "(?:[1-9]|1[0-2])"]
    year         = ["(?:19[7-9][0-9]|2[01][0-9]{2})", "[1-9][0-9]?"]
  }
  # `*`, or a list of values and ranges; each of these may have a step, such as */15, 8-18/2 or 0/20.
  cron_item  = { for field, form in local.cron_forms : field => "${form[0]}(?:-${form[0]})?(?:/${form[1]})?" }
  cron_field = { for field, form in local.cron_forms : field => "(?:\\*(?:/${form[1]})?|${local.cron_item[field]}(?:,${local.cron_item[field]})*)" }

  # The last day (L), the weekday nearest to a day (15W); the last Friday (6L), the second Tuesday (3#2). Weekdays have no steps.
  weekday         = "(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)"
  cron_of_month   = "(?:${local.cron_field.day_of_month}|L|${local.cron_forms.day_of_month[0]}W)"
  cron_of_week    = "(?:\\*|${local.weekday}(?:-${local.weekday})?(?:,${local.weekday}(?:-${local.weekday})?)*|${local.weekday}?L|${local.weekday}#[1-5])"
  cron_days       = "(?:${local.cron_of_month} ${local.cron_field.month} \\?|\\? ${local.cron_field.month} ${local.cron_of_week})"
  cron_expression = "^cron\\(${local.cron_field.minutes} ${local.cron_field.hours} ${local.cron_days} ${local.cron_field.year}\\)$"
  rate_expression = "^rate\\(([1-9][0-9]*) (minute|hour|day)s?\\)$"

  rate         = try(regex(local.rate_expression, var.schedule.expression), null)
  rate_minutes = local.rate == null ? null : tonumber(local.rate[0]) * { minute = 1, hour = 60, day = 1440 }[local.rate[1]]

  # The values of each field of a cron expression: minutes, hours, days of the month, months, days of the week. A field without
  # plain numbers or names, such as ? or 15W, has none. L is the last day of the week, Saturday; as the last day of the month
  # it stands for one day in each.
  cron_fields = try(split(" ", trimsuffix(trimprefix(regex(local.cron_expression, var.schedule.expression), "cron("), ")")), [])
  cron_names  = zipmap(split(" ", "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC SUN MON TUE WED THU FRI SAT L"), concat(range(1, 13), range(1, 8), [7]))
  cron_values = [for at, ends in [[0, 59], [0, 23], [1, 31], [1, 12], [1, 7]] : try(distinct(flatten([
    for item in split(",", local.cron_fields[at]) : [
      for part in [regex("^(\\*|[0-9A-Z]+)(?:-([0-9A-Z]+))?(?:/([0-9]+))?$", item)] : [
        for from in [part[0] == "*" ? ends[0] : try(tonumber(part[0]), local.cron_names[part[0]])] : [
          for to in [part[1] != null ? try(tonumber(part[1]), local.cron_names[part[1]]) : part[0] == "*" || part[2] != null ? ends[1] : from] :
          [for value in range(from, 1 + (to < from ? to + ends[1] - ends[0] + 1 : to), coalesce(part[2], 1)) : value > ends[1] ? value - ends[1] + ends[0] - 1 : value]
        ]
      ]
    ]
  ])), [])]

  # The longest time between two days with runs: four weeks or more, if not in every month or on days without plain numbers.
  cron_weekly = try(local.cron_fields[2] == "?", false)
  run_days    = sort(formatlist("%02d", local.cron_values[local.cron_weekly ? 4 : 2]))
  cron_rarely = length(local.cron_values[3]) < 12 || length(local.run_days) == 0
  days_apart = local.cron_rarely ? 28 : max(flatten([for length in local.cron_weekly ? [7] : [28, 29, 30, 31] : [
    for days in [[for day in local.run_days : day if day <= length]] : [
      for at, day in days : try(days[at + 1], days[0] + length) - day
    ]
  ]])...)

  # The times between two runs; none where they are not known.
  cron_times = sort([for time in setproduct(local.cron_values[1], local.cron_values[0]) : format("%04d", 60 * time[0] + time[1])])
  cron_gaps  = [for at, time in local.cron_times : try(local.cron_times[at + 1], local.cron_times[0] + 1440 * local.days_apart) - time]

  run_gaps         = local.rate_minutes == null ? local.cron_gaps : [local.rate_minutes]
  interval_minutes = try(max(local.run_gaps...), null)
}
