"""A sentence for every reason code of `docs/reference/reasons.md`.

Placeholders are the names of the reason's facts; `code/kind` serves one kind of signal where one sentence cannot
serve all. Data: the longest file of this kind, and the one that translators read.
"""

from django.utils.translation import gettext_lazy as _

from tocsin.web.words import Words

SENTENCES: Words = {
    # What the eyes see
    "errors.above_usual": _("%(service)s fails in %(observed)s of calls, usually in %(expected)s (%(eye)s)."),
    "timeouts.above_usual": _("%(service)s leaves %(observed)s of calls unanswered, usually %(expected)s (%(eye)s)."),
    "rejected.above_usual": _("%(service)s turns away %(observed)s of callers, usually %(expected)s (%(eye)s)."),
    "latency.above_usual": _("%(service)s is slow in %(observed)s of its answers, usually in %(expected)s (%(eye)s)."),
    "latency.above_usual/probes": _("%(service)s took %(observed)s to answer our own check, usually %(expected)s."),
    "volume.vanished": _("Calls to %(service)s stay away: %(observed)s a minute, usually %(expected)s (%(eye)s)."),
    "retries.above_usual": _(
        "%(service)s is called again and again: %(observed)s a minute, usually %(expected)s, and answers too little "
        "(%(eye)s)."
    ),
    "success.too_quick": _(
        "%(service)s answers suspiciously fast in %(observed)s of calls, usually in %(expected)s (%(eye)s)."
    ),
    "vantages.disagree": _(
        "%(service)s fails for callers in %(observed)s of calls, while the platform itself sees %(expected)s fail."
    ),
    "probe.failing": _("Our own checks of %(service)s fail: %(observed)s of them, usually %(expected)s."),
    "reports.failing": _("Panel members who report that it does not work: %(members)s."),
    "notice.investigating": _("%(partner)s says that it is looking into something."),
    "notice.disrupted": _("%(partner)s says that its services are disrupted."),
    "notice.down": _("%(partner)s says that its services do not work."),
    "notice.maintenance": _("%(partner)s says that it is doing maintenance."),
    "notice.resolved": _("%(partner)s says that it is solved."),
    "calls.as_usual": _("Nothing unusual (independent eyes that look: %(eyes)s)."),
    "eyes.none": _("No eye can look at the moment."),
    # What was changed, and configurations that disagree
    "drift.running_not_approved": _(
        "%(service)s was running a configuration that nobody signed off, for %(minutes_before)s when the trouble began."
    ),
    "drift.persisted_not_running": _(
        "%(service)s would load another configuration at its next restart than the one it runs."
    ),
    "drift.restart_loaded": _(
        "%(service)s was restarted %(minutes_before)s before the trouble began,"
        " and loaded a configuration that had been waiting for it."
    ),
    "change.running": _("Intervention %(change)s on %(service)s was under way when the trouble began."),
    "change.finished": _("Intervention %(change)s on %(service)s ended %(minutes_before)s before the trouble began."),
    "change.restarted": _("%(service)s was restarted %(minutes_before)s before the trouble began."),
    # Why duty officers were paged
    "page.draft_waits": _("A message waits for approval."),
    "page.draft_still_waits": _("A message has waited for two minutes, and nobody has taken it."),
    "page.second_needed": _("One person has approved; another must agree."),
    "page.first_word_late": _("The public was told nothing within five minutes of detection."),
    "page.update_due": _("An update was promised for within five minutes."),
    "page.promise_broken": _("The promised update did not come in time."),
    # Why somebody is suspected
    "suspect.explains": _("A fault here would explain %(services)s of the %(of_services)s services in trouble."),
    "suspect.own_trouble": _("%(service)s itself is in trouble: %(observed)s, usually %(expected)s."),
    "suspect.own_trouble/errors": _("%(service)s itself fails: %(observed)s of its calls, usually %(expected)s."),
    "suspect.own_trouble/timeouts": _(
        "%(service)s itself leaves calls unanswered: %(observed)s of them, usually %(expected)s."
    ),
    "suspect.own_trouble/rejected": _(
        "%(service)s itself turns callers away: %(observed)s of them, usually %(expected)s."
    ),
    "suspect.own_trouble/latency": _(
        "%(service)s itself is slow in %(observed)s of its answers, usually in %(expected)s."
    ),
    "suspect.own_trouble/latency/probes": _("%(service)s itself is slow: %(observed)s, usually %(expected)s."),
    "suspect.own_trouble/volume": _("Calls to %(service)s stay away: %(observed)s a minute, usually %(expected)s."),
    "suspect.own_trouble/retries": _(
        "%(service)s itself is called again and again: %(observed)s a minute, usually %(expected)s."
    ),
    "suspect.own_trouble/hollow": _(
        "%(service)s itself answers suspiciously fast: %(observed)s of its answers, usually %(expected)s."
    ),
    "suspect.own_trouble/vantage": _(
        "Callers of %(service)s see %(observed)s of calls fail, the platform only %(expected)s: the fault may lie in "
        "between."
    ),
    "suspect.own_trouble/probe": _("Our own checks of %(service)s fail."),
    "suspect.own_trouble/reports": _("Professionals report that %(service)s does not work."),
    "suspect.works": _("Against it: %(service)s itself works."),
    "suspect.shared": _("Services behind it: %(failing)s fail, %(working)s work."),
    "suspect.need_fails": _("Less likely: %(need)s, which %(service)s needs, fails as well and would explain it."),
    "suspect.calls_do_not_arrive": _(
        "Calls to the services behind it (%(services)s) never arrive, so the fault lies in between."
    ),
    "suspect.only_package": _("Only %(package)s is hit (services in trouble: %(services)s)."),
    "suspect.notice": _("%(partner)s says so: “%(state)s”."),
    "suspect.needed_by_failing": _("Functions that need it: %(functions)s do not work, %(working)s work."),
    # How much an incident weighs
    "severity.function": _("The weightiest function hit: %(function)s (%(criticality)s)."),
    "severity.reach": _("Hit hardest: %(audience)s, about %(reached_share)s of them by their software and province."),
    "severity.hour": _("The hour: %(hour)s."),
    "severity.unknown": _("Nothing that it hits is known any more."),
    "suspect.only_regions": _("Only callers in %(regions)s are hit; what serves everybody would fail everywhere."),
    "suspect.uneasy": _("%(service)s has no alarm of its own yet, but fails more often than before this began."),
    "suspect.seen_before": _("It looks like earlier faults of which this was the cause (%(times)s)."),
    # What would tell the first two suspects apart, and who must be called
    "ask.probe": _("Check %(service)s now. If it fails, that speaks for %(suspect)s; if it works, for %(other)s."),
    "ask.panel": _(
        "Ask the panel (%(audience)s) about “%(function)s”."
        " If it fails, that speaks for %(suspect)s; if it works, for %(other)s."
    ),
    "ask.panel_with": _(
        "Ask the panel (%(audience)s who work with %(package)s) about “%(function)s”."
        " If it fails for them too, that speaks for %(suspect)s; if it works, for %(other)s."
    ),
    "ask.partner": _("Ask %(partner)s whether %(suspect)s works as it should. If it does, look at %(other)s."),
    "ask.partner_change": _(
        "Ask %(partner)s whether %(suspect)s works as it should since intervention %(change)s."
        " If it does, look at %(other)s."
    ),
    "ask.maker": _(
        "Ask the maker of %(package)s whether other customers call too, and what was released."
        " If all is well there, look at %(other)s."
    ),
    "call.partner": _("%(partner)s runs %(suspect)s (%(belief_share)s of the suspicion)."),
    "call.subcontractor": _(
        "%(partner)s runs %(suspect)s for %(through)s, who must bring them in (%(belief_share)s of the suspicion)."
    ),
    "call.maker": _("Whoever makes %(suspect)s knows what was released (%(belief_share)s of the suspicion)."),
    "ranking.first": _("First view."),
    "ranking.lead": _("%(suspect)s has overtaken %(other)s."),
    "ranking.moved": _("%(suspect)s went from %(before_share)s to %(now_share)s."),
    # What became of an incident
    "incident.phase": _("It went from “%(from)s” to “%(to)s”."),
    "incident.state": _("How bad it is went from “%(from)s” to “%(to)s”."),
    "incident.functions": _("Functions hit: %(before)s before, %(now)s now."),
    "incident.scope": _("Who is hit has changed."),
    "incident.lead": _("The first suspect is now %(suspect)s."),
    "incident.change": _("Intervention %(change)s is now linked to it."),
    "maintenance.overrun": _("The announced work %(maintenance)s should have ended %(minutes)s minutes ago."),
    "maintenance.wider": _("The announced work %(maintenance)s takes down more than was announced."),
    "incident.noticed": _("So many calls fail by now that people notice."),
    "incident.reopened": _("The trouble came back soon after the end, so it is the same incident."),
    "incident.good_run_begun": _("Measurements look good again; they must stay so before it is over."),
    "incident.good_run_broken": _("Measurements turned bad again."),
    "incident.good_intervals": _("Two good five-minute intervals in a row, and nobody contradicts."),
    "incident.reports_contradict": _(
        "Measurements look good, but professionals contradict"
        " (does not work: %(bad_reports)s, works: %(good_reports)s)."
    ),
    "incident.probes_contradict": _("Measurements look good, but our own checks still fail (%(failed_probes)s)."),
    "incident.promise_due": _("The next update is due soon."),
    "incident.promise_broken": _("The promised update did not go out in time."),
    "incident.promise_renewed": _("The next update has been promised anew."),
    "incident.promise_unmade": _("Nothing has been told yet, so no update was promised."),
    # What a duty officer did
    "operator.taken": _("%(by)s took the incident."),
    "operator.confirmed": _("%(by)s confirmed that the trouble is real."),
    "operator.mitigated": _("%(by)s says that something was done about it."),
    "operator.closed": _("%(by)s closed it: %(reason)s"),
    "operator.retracted": _("%(by)s took it back as a false alarm: %(reason)s"),
    "operator.override": _("%(by)s let it out against a finding: %(reason)s"),
    # Why members of the panel are asked
    "poll.one_eye": _("One eye alone says so (%(eye)s), and the others do not see it: members were asked."),
    "poll.unsure": _(
        "What the eyes see leaves it open whether something is wrong (probability %(belief_share)s): "
        "members were asked."
    ),
    "poll.crowd": _(
        "%(visitors)s visitors complain, and no eye bears them out: members were asked. A suspicion, and no more."
    ),
    "poll.tells_apart": _("An answer tells apart who is behind it, %(suspect)s or %(other)s: members were asked."),
    "crowd.unborne": _(
        "%(visitors)s visitors say that it fails for them, and no eye sees it. Ask somebody who uses it."
    ),
    # Why a message went out by itself, or waits
    "policy.first": _("%(eyes)s independent eyes agree, with a confidence of %(confidence)s."),
    "policy.follow_up": _("It follows a message that is already out."),
    "policy.holding": _("Nobody approved the promised update in time; this one claims nothing new."),
    "policy.needs_click": _("The policy wants one person to agree to a message of this weight."),
    "policy.needs_two": _("The policy wants two people to agree to a message of this weight."),
    "policy.just_retracted": _("We were wrong about this function within the last hour: a person decides."),
    "policy.held": _("Everything automatic is held."),
    "policy.manual": _("Automation is locked: somebody has to click."),
    "policy.drill": _("It is an exercise."),
    "policy.over": _("The trouble it speaks of is over."),
    "policy.promise_past": _("The next update it promises would already be over."),
    "policy.corrected": _("A person corrected what was told. What follows needs a person too."),
    "policy.witnesses_alike": _(
        "Only the panel reports it, with %(packages)s packages in %(regions)s provinces. "
        "To publish without a click: %(needed)s of each."
    ),
    "policy.too_few_eyes": _("Independent eyes that see it: %(eyes)s. To publish without a click: %(needed)s."),
    "policy.minor": _("So few calls fail that hardly anybody notices: a person decides whether to tell."),
    "verdict.flapping": _("It keeps failing and working again, about %(turns_an_hour)s turns an hour."),
    "policy.not_sure": _("Not sure enough: a confidence of %(confidence)s, and %(needed)s is needed."),
    "policy.too_many_openings": _(
        "%(openings)s first messages within the hour already; no more than %(allowed)s go out by themselves."
    ),
    # What stands between a reader and what to do now, and what must never be shown
    "plain.language_missing": _("%(language)s, %(part)s: the text is missing."),
    "plain.placeholder": _("%(language)s, %(part)s: “%(word)s” was never filled in."),
    "plain.too_long": _("%(language)s, %(part)s: too long (%(length)s, and %(limit)s fit)."),
    "plain.no_instruction": _("%(language)s: it does not say what to do now."),
    "plain.no_next_update": _("%(language)s: it does not say when the next update comes."),
    "plain.no_money": _(
        "%(language)s: it does not say whether that is reimbursed, nor what to keep until it is known."
    ),
    "plain.cause": _("%(language)s, %(part)s: “%(word)s” speaks of a cause. Say what is confirmed and what to do."),
    "plain.name": _("%(language)s, %(part)s: “%(word)s” names who is behind it. Name what the reader cannot do."),
    "plain.foreign_promise": _(
        "%(language)s, %(part)s: “%(word)s” promises what others hope. Promise only your next update."
    ),
    "plain.apology_only": _("%(language)s, %(part)s: “%(word)s” stands where an instruction should."),
    "plain.apology": _("%(language)s, %(part)s: leave “%(word)s” out; the reader wants to know what to do."),
    "plain.jargon": _("%(language)s, %(part)s: instead of “%(word)s”, say: %(instead)s."),
    "plain.acronym": _("%(language)s, %(part)s: this reader does not use “%(word)s” daily. Write it out."),
    "plain.sentence_too_long": _(
        "%(language)s, %(part)s: a sentence of %(words)s words; make two of it (%(limit)s at most)."
    ),
    "plain.hard_to_read": _(
        "%(language)s: hard to read (%(ease)s, should be %(limit)s or more). Use shorter words and sentences."
    ),
    "plain.passive": _("%(language)s, %(part)s: “%(word)s” hides who must act. Begin with the verb."),
    "plain.short_unchanged": _("%(language)s: the page says something else now, and the %(part)s still the old."),
    "never.legal_yes": _(
        "%(language)s, %(part)s: “%(word)s” says yes to something that nobody named stands for today."
    ),
    "never.dont": _("%(language)s, %(part)s: “%(word)s” may keep somebody from plan B."),
    "never.green": _("%(language)s, %(part)s: “%(word)s” says that all is well, and nobody checked that."),
    "never.unmarked": _("%(language)s, %(part)s: it does not say “%(word)s”."),
    "never.copied": _("%(language)s, %(part)s: “%(word)s” is copied from what a partner or a professional wrote."),
    "never.foreign_time": _("%(language)s, %(part)s: %(word)s is a time that somebody else promised."),
    # Who must agree, and what automation has earned
    "approval.severity": _("How much hangs on it: %(severity)s."),
    "approval.claims_little": _("Nobody should wait for a message that claims so little: one person is enough."),
    "approval.unsure": _("Too little evidence for it to go out like others (eyes: %(eyes)s, sure: %(confidence)s)."),
    "shadow.too_short": _("Days on which its shadow was seen: %(days)s of %(needed)s."),
    "shadow.nothing_drafted": _("It would not have published anything yet, so nothing could be judged."),
    "shadow.too_often_wrong": _("Drafts judged right: %(right_share)s. Needed: %(needed_share)s."),
    "shadow.unreviewed": _("Drafts that nobody has judged yet: %(drafts)s."),
    # What a replay prints
    "bulletin.first": _("A first message went out."),
    "bulletin.update": _("A message with news went out."),
    "bulletin.holding": _("A message went out although there was no news, as promised."),
    "bulletin.correction": _("What was said wrongly was corrected."),
    "bulletin.retraction": _("A false alarm was taken back."),
    "bulletin.end": _("The end was announced."),
    "eye.blind": _("This eye does not see: %(eye)s."),
    "eye.sighted": _("This eye sees again: %(eye)s."),
    # What became of a procedure
    "procedure.proposed": _("“%(procedure)s” is proposed."),
    "procedure.active": _("“%(procedure)s” is in force."),
    "procedure.ended": _("“%(procedure)s” has ended."),
}
