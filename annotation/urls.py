"""Every page. JSON is in api/urls.py."""

from django.urls import include, path

from annotation.views import (
    account,
    agreement,
    cases,
    consensus,
    health,
    home,
    latents,
    people,
    rate,
    releases,
    reports,
    study,
    trials,
)

in_a_study = [
    path("", study.study, name="study"),
    path("progress/", study.progress, name="progress"),
    path("mine/", study.mine_again, name="mine_again"),
    path("mine/cancel/", study.cancel_mining, name="cancel_mining"),
    path("mine/resume/", study.resume_mining, name="resume_mining"),
    path("sample/", study.draw, name="draw_sample"),
    path("rounds/open/", study.open_round, name="open_round"),
    path("rounds/<int:number>/close/", study.close_round, name="close_round"),
    path("latents/", latents.latents, name="latents"),
    path("latents/<int:index>/", latents.latent, name="latent"),
    path("try/", trials.try_text, name="try_text"),
    path("try/<str:handle>/", trials.trial, name="trial"),
    path("agreement/", agreement.agreement, name="agreement"),
    path("consensus/", consensus.consensus, name="consensus"),
    path("cases/", cases.cases, name="cases"),
    path("cases/<int:pk>/", cases.case, name="case"),
    path("releases/", releases.releases, name="releases"),
    path("releases/<int:number>/", releases.release, name="release"),
    path("releases/<int:number>/files/<str:name>", releases.download, name="release_file"),
    path("people/", people.people, name="people"),
    path("reports/", reports.reports, name="reports"),
    path("rate/report/", reports.report, name="report_snippet"),
    path("rate/", rate.rate, name="rate"),
]
urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", account.sign_in, name="sign_in"),
    path("sign-out/", account.sign_out, name="sign_out"),
    path("enter/<str:token>/", account.enter, name="enter"),
    path("account/", account.account, name="account"),
    path("health/", health.health, name="health"),
    path("studies/<slug:slug>/", include(in_a_study)),
]
