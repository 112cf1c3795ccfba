"""Every image by a tag that means something; the bootstrap Job is called after its own."""

import re
from collections.abc import Iterator

from tests.manifests.rendered import Rendered


def tag_of(image: str) -> str:
    """The tag of registry:5000/name:tag@digest; "" where there is none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def images(all_: Rendered) -> Iterator[str]:
    """Not untagged, not `latest`; our five with one tag."""
    ours: set[str] = set()
    for each in all_.workloads():
        for container in each.containers:
            image, tag = container["image"], tag_of(container["image"])
            if tag in ("", "latest"):
                yield f"{each.kind} {each.name}: {image} is not one image for ever"
            if re.search(r"(^|/)todolist/", image):
                ours.add(tag)
    if len(ours) != 1:
        yield f"our images have different tags: {sorted(ours)}"
    for job in all_.workloads("Job"):
        # Its template cannot be changed, so another image has to have another Job.
        if not job.name.endswith(f"-{tag_of(job.pod['containers'][0]['image'])}"):
            yield f"Job {job.name} is not called after its image"
